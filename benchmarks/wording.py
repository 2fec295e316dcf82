"""Do other wordings of the report's or the comparison's question bring better answers?

    python -m benchmarks.wording --corpus DIR/prepared/language [--out wording.jsonl]

A fixed set of windows of held-out development patients, none of DS2, with what was measured in the prompt, as
the edge asks. A report's score is the F1 of the waveforms that it names against the annotators' (1 where both
name none); a comparison's, of a window and the next one of its patient, the share of right words. Every
difference is from the wording in use, the first, on the same windows. Takes up where it was cut off.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.quantization_questions import Window, window_of
from edge.bundle import DEFAULT_BUNDLE
from edge.comparison import COMPARE_QUESTION, read_changes
from edge.ecg_prompt import EcgPlace, prompt_parts
from edge.encoder import Encoder
from edge.grounding_tokens import sentences
from edge.labels import WAVEFORM_NAMES, Waveform
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, load_language_bundle
from edge.language_model import default_path
from edge.llama_session import LlamaSession
from edge.localizer_prompt import REPORT_QUESTION, asked
from edge.signal_reader import SignalReader
from export.training.language.instructions import Row, change_text, shown

REPORTS: Final = (REPORT_QUESTION, "Describe this ECG.", "What do you see?", "What is abnormal on this ECG?")
COMPARISONS: Final = (
    COMPARE_QUESTION,
    "Compare the two recordings.",
    "What changed from the first ECG to the second?",
    "Rate, rhythm, ectopy, intervals: what changed?",
)
_TOKENS: Final = {1: 60, 2: 30}
_LONGEST_S, _SEED, _RESAMPLED = 15, 2026, 2000


@dataclass(frozen=True, slots=True)
class Case:
    """One window to report on, or two to compare."""

    rows: tuple[Row, ...]

    @property
    def wordings(self) -> tuple[str, ...]:
        """Those that are tried."""
        return REPORTS if len(self.rows) == 1 else COMPARISONS

    def score(self, text: str) -> float:
        """Of an answer, 0 to 1."""
        return report_score(self.rows[0], text) if len(self.rows) == 1 else change_score(self.rows, text)


def report_score(row: Row, text: str) -> float:
    """F1 of the waveforms named, of those whose places the annotators noted."""
    said = [part.casefold() for part in sentences(text) if not part.casefold().startswith("no ")]
    named = {name for name in row["known"] if any(WAVEFORM_NAMES[Waveform(name)] in part for part in said)}
    return 2 * len(named & set(row["spans"])) / n if (n := len(named) + len(row["spans"])) else 1.0


def change_score(rows: Sequence[Row], text: str) -> float:
    """Share of right words, of those that are known."""
    true = {what: word for what, word in read_changes(change_text(*rows)).items() if word != "unknown"}
    return sum(read_changes(text).get(what) == word for what, word in true.items()) / max(len(true), 1)


def cases(rows: Sequence[Row], reports: int, comparisons: int) -> list[Case]:
    """Patients in turn, each with windows drawn at random."""
    rng, of_patient = np.random.default_rng(_SEED), dict[str, list[Row]]()
    fit = [row for row in rows if row["held_out"] and not row["codes"] and row["seconds"] <= _LONGEST_S]
    for i in rng.permutation(len(fit)).tolist():
        of_patient.setdefault(f"{fit[i]['database']}/{fit[i]['record']}", []).append(fit[i])
    turns = [own[n] for n in range(reports) for own in of_patient.values() if n < len(own)]
    backwards = [own[::-1] for own in of_patient.values()]
    pairs = [own[n : n + 2] for n in range(0, 2 * comparisons, 2) for own in backwards if n + 1 < len(own)]
    return [*(Case((row,)) for row in turns[:reports]), *(Case(tuple(pair)) for pair in pairs[:comparisons])]


def answers(session: LlamaSession, case: Case, windows: Sequence[Window]) -> Iterator[str]:
    """To each wording; the windows are read once."""
    *beginning, opening = prompt_parts([shown(row, with_evidence=True) for row in case.rows], "")
    session.take_back()
    for part in beginning:
        session.feed(windows[part.index].rows if isinstance(part, EcgPlace) else part)
    read_to = session.position
    for wording in case.wordings:
        session.take_back(read_to)
        first = session.feed(asked(opening, wording))
        yield "".join(token.text for token in session.generate(first, None, _TOKENS[len(case.rows)]))


def ask(corpus: Path, chosen: Sequence[Case], out: Path) -> None:
    """A line of JSON for each case that has none yet."""
    done = {told["case"] for told in _lines(out)} if out.exists() else set()
    features = np.load(corpus / "features.npy", mmap_mode="r")
    bundle = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE)
    reader = SignalReader(Encoder(DEFAULT_BUNDLE), bundle)
    with LlamaSession(default_path(), bundle.adapter) as session, out.open("a") as file:
        for number, case in enumerate(chosen):
            if number not in done:
                said = list(answers(session, case, [window_of(row, features, reader) for row in case.rows]))
                print(json.dumps({"case": number, "said": said}), file=file, flush=True)


def table(chosen: Sequence[Case], told: Mapping[int, Sequence[str]], n_rows: int) -> Iterator[str]:
    """Of the reports (`n_rows` 1) or comparisons (2): score, and paired difference, with 95 % intervals."""
    of_kind = [number for number, case in enumerate(chosen) if len(case.rows) == n_rows]
    scores = np.array([[chosen[n].score(text) for text in told[n]] for n in of_kind])
    for column, wording in enumerate(REPORTS if n_rows == 1 else COMPARISONS):
        differs = interval(scores[:, column] - scores[:, 0]) if column else "in use"
        yield f"| {wording} | {interval(scores[:, column])} | {differs} |"


def interval(values: npt.NDArray[np.float64]) -> str:
    """Mean in %, windows drawn again."""
    drawn = np.random.default_rng(1).integers(len(values), size=(_RESAMPLED, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return f"{100 * values.mean():.1f} ({100 * low:.1f} to {100 * high:.1f})"


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def main() -> None:
    """Ask what was not asked yet, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True, help="of export.training.language.corpus")
    parser.add_argument("--out", type=Path, default=Path("wording.jsonl"), help="answers, kept")
    parser.add_argument("--windows", type=int, nargs=2, default=(40, 30), help="reports and comparisons")
    arguments = parser.parse_args()
    chosen = cases(_lines(arguments.corpus / "rows.jsonl"), *arguments.windows)
    ask(arguments.corpus, chosen, arguments.out)
    told = {one["case"]: one["said"] for one in _lines(arguments.out)}
    for n_rows, name in enumerate(("report", "comparison"), start=1):
        print(f"\n| {name} | score, % | difference |\n|---|--:|--:|")
        print("\n".join(table(chosen, told, n_rows)))


if __name__ == "__main__":
    main()
