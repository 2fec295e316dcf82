"""The score of the PhysioNet/CinC Challenge 2017: one answer a recording, N, A, O or ~ (too noisy).

F1 of each answer, and the mean of those of N, A and O, which is the challenge's score.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Final

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
