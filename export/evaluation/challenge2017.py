"""The score of the PhysioNet/CinC Challenge 2017: one answer a recording, N, A, O or ~ (too noisy).

F1 of each answer, and the mean of those of N, A and O, which is the challenge's score.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

from edge.errors import UserError
from export.evaluation.figures import Cell, Ratio

ANSWERS: Final = ("N", "A", "O", "~")
SCORED: Final = ("N", "A", "O")


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many recordings were truly this and called that: `counts[true, called]`."""

    counts: Counter[tuple[str, str]]

    def true(self, answer: str) -> int:
        """Recordings that truly are this."""
        return sum(self.counts[answer, called] for called in ANSWERS)

    def called(self, answer: str) -> int:
        """Recordings that were called this."""
        return sum(self.counts[true, answer] for true in ANSWERS)

    def f1_percent(self, answer: str) -> float | None:
        """Twice the hits, of all that are or were called this."""
        return Ratio(2 * self.counts[answer, answer], self.true(answer) + self.called(answer)).percent

    @property
    def score_percent(self) -> float:
        """The challenge's score."""
        return fmean(self.f1_percent(answer) or 0.0 for answer in SCORED)

    def row(self, answer: str) -> dict[str, Cell]:
        """What recordings that are this were called, and the figures of this answer."""
        hits = self.counts[answer, answer]
        return {
            **{f"called {called}": self.counts[answer, called] for called in ANSWERS},
            "n": self.true(answer),
            "Se": Ratio(hits, self.true(answer)).percent,
            "+P": Ratio(hits, self.called(answer)).percent,
            "F1": self.f1_percent(answer),
        }


def confusion(pairs: Iterable[tuple[str, str]]) -> Confusion:
    """Count pairs of true and given answer."""
    return Confusion(Counter(pairs))


def reference_table(folder: Path) -> Path:
    """The answers of the challenge: the last version (`-v3`) where there are several."""
    tables = sorted(folder.rglob("REFERENCE*.csv"))
    newest = [table for table in tables if table.stem == "REFERENCE-v3"] or tables[-1:]
    if not newest:
        raise UserError(f"{folder}: no REFERENCE*.csv with the answers here")
    return newest[0]


def read_answers(path: Path) -> dict[str, str]:
    """Lines `RECORD,ANSWER`; raises UserError that names the file and the line."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    answers: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        record, _, answer = (cell.strip() for cell in line.partition(","))
        if not line.strip():
            continue
        if answer not in ANSWERS or record in answers:
            raise UserError(f"{path}: line {number}: {line[:40]!r}, expected RECORD,ANSWER once, of N A O ~")
        answers[record] = answer
    return answers
