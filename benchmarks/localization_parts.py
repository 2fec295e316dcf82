"""Which part of the way from signal to places fails: embedding, projector, language model or decoding.

    python -m benchmarks.localization_parts ask --corpus DIR/prepared/language --out answers.jsonl
    python -m benchmarks.localization_parts table --corpus DIR/prepared/language --answers answers.jsonl
    python -m benchmarks.localization_parts probe --corpus DIR/prepared/language
    python -m benchmarks.localization_parts point --corpus DIR/prepared/language

Questions are the fixed ones of `benchmarks.quantization_questions`, on held-out patients, none of DS2. `ask`
takes up where it was cut off. Every difference is from the edge's own way, of the same questions.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.localization_asking import Asker
from benchmarks.localization_probe import Probe
from benchmarks.localization_tokens import seen_of
from benchmarks.quantization_questions import WAVEFORMS, Question, drawn_rows, macro, window_of
from edge.beat_spans import ectopy_spans
from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.labels import BeatClass, Waveform
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, load_language_bundle
from edge.language_model import default_path
from edge.llama_session import LlamaSession
from edge.localizer_answer import read_spans
from edge.pointer import Pointer
from edge.signal_reader import SignalReader
from edge.tenths import Places, snapped
from export.evaluation.localization import iou
from export.training.language.instructions import evidence_of, true_spans
from export.training.language.patterns import ventricular_rhythms
from export.training.language.pointer_states import beats_of, collect

Row = dict[str, Any]
Values = npt.NDArray[np.float64]

_PER_WAVEFORM: Final = 20
_MOST_WINDOWS: Final = 118
_NEAR_S: Final = 0.3
_ANY_S: Final = 1e3
_HALF: Final = 0.5
_LONGEST_S: Final = 24
_BY_BEATS: Final = (Waveform.VENTRICULAR_BEAT, Waveform.SUPRAVENTRICULAR_BEAT)


@dataclass(frozen=True, slots=True)
class Case:
    """A question, its window's row, and what `ask` wrote of the window and of the question."""

    waveform: Waveform
    row: Row
    of_window: Mapping[str, Any]
    of_question: Mapping[str, Any]

    @property
    def truth(self) -> Places:
        """The annotators' word."""
        return true_spans(self.row).get(self.waveform, [])

    @property
    def beats_s(self) -> list[float]:
        """As the encoder sees them."""
        return [beat["at_s"] for beat in self.row["evidence"]["beats"]]

    def said(self, how: str) -> Places:
        """Of an answer about everything."""
        found = read_spans(self.of_window[how], self.row["seconds"]) or {}
        return found.get(self.waveform, [])

    def forced(self, how: str) -> Places:
        """Places, were it there."""
        return [(a, b) for a, b in self.of_question[how]["places"]]


WAYS: Final[dict[str, Callable[[Case], Places]]] = {
    "written under the grammar": lambda case: case.said("held"),
    "without grammar": lambda case: case.said("free"),
    "borders at the nearest beat": lambda case: snapped(
        case.said("held"), case.beats_s, case.row["seconds"], _NEAR_S
    ),
    "named where it has half or more": lambda case: _if_likely(case, "turn"),
    "asked for alone": lambda case: _if_likely(case, "alone"),
    "with what was measured": lambda case: case.said("evidence"),
    "presence known": lambda case: (case.said("held") or case.forced("turn")) if case.truth else [],
    "places known": lambda case: _with_true_places(case),
    "truth at the encoder's beats": lambda case: snapped(
        case.truth, case.beats_s, case.row["seconds"], _ANY_S
    ),
    "encoder's beats and rules": lambda case: measured(case.row, case.waveform),
}


def measured(row: Row, waveform: Waveform) -> Places:
    """By the encoder's beats and their classes; rhythms where they fill most of the window."""
    evidence = evidence_of(row)
    if waveform in _BY_BEATS:
        spans = ectopy_spans(evidence.beats, evidence.duration_s)
        return [(span.start_s, span.end_s) for span in spans if span.waveform is waveform]
    if waveform in (Waveform.ATRIAL_FIBRILLATION, Waveform.VENTRICULAR_FIBRILLATION):
        return [(span.start_s, span.end_s) for span in evidence.of(waveform)]
    symbols = ["V" if beat.beat_class is BeatClass.VENTRICULAR else "n" for beat in evidence.beats]
    found = ventricular_rhythms([beat.at_s for beat in evidence.beats], symbols)
    return [(round(start, 1), round(end, 1)) for which, start, end in found if which is waveform]


def line(name: str, asked: Sequence[Question], values: Values, usual: Values | None) -> str:
    """One line of the table in Markdown: macro IoU, difference from the edge's way, IoU by waveform."""
    mean, low, high = (100 * value for value in macro(asked, values))
    change = ""
    if usual is not None:
        differs, least, most = (100 * value for value in macro(asked, values - usual))
        change = f"{differs:+.1f} ({least:+.1f} to {most:+.1f})"
    each = [100 * values[[one.waveform is w for one in asked]].mean() for w in WAVEFORMS]
    by_waveform = " | ".join(f"{value:.0f}" for value in each)
    return f"| {name} | {mean:.1f} ({low:.1f} to {high:.1f}) | {change} | {by_waveform} |"


def _if_likely(case: Case, how: str) -> Places:
    return case.forced(how) if case.of_question[how]["presence"] >= _HALF else []


def _with_true_places(case: Case) -> Places:
    """What is named is where it truly is; what is named and is not there stays wrong."""
    said = case.said("held")
    return (case.truth or said) if said else []


def ask(corpus: Path, out: Path) -> None:
    """Ask each window in every way; one line of JSON each."""
    rows, asked = drawn_rows(corpus, _PER_WAVEFORM, _MOST_WINDOWS)
    features = np.load(corpus / "features.npy", mmap_mode="r")
    bundle = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE)
    reader = SignalReader(Encoder(DEFAULT_BUNDLE), bundle)
    done = {json.loads(text)["window"] for text in out.read_text().splitlines()} if out.exists() else set()
    with LlamaSession(default_path(), bundle.adapter) as session, out.open("a") as file:
        asker = Asker(session)
        for number, row in enumerate(rows):
            if number not in done:
                tokens = window_of(row, features, reader).rows
                own = [one.waveform for one in asked if one.window == number]
                print(json.dumps({"window": number} | _told(asker, row, tokens, own)), file=file, flush=True)


def _told(
    asker: Asker, row: Row, tokens: npt.NDArray[np.float32], waveforms: Sequence[Waveform]
) -> dict[str, Any]:
    held = asker.everything(row, tokens)
    of_questions = {
        str(waveform): {
            "turn": asdict(asker.in_its_turn(row, tokens, held, waveform)),
            "alone": asdict(asker.alone(row, tokens, waveform)),
        }
        for waveform in waveforms
    }
    return {
        "held": held,
        "free": asker.everything(row, tokens, free=True),
        "evidence": asker.everything(row, tokens, with_evidence=True),
        "questions": of_questions,
    }


def table(corpus: Path, answers: Path) -> list[str]:
    """A line for each way."""
    rows, asked = drawn_rows(corpus, _PER_WAVEFORM, _MOST_WINDOWS)
    of_window = {told["window"]: told for told in map(json.loads, answers.read_text().splitlines())}
    cases = [
        Case(one.waveform, rows[one.window], told, told["questions"][one.waveform])
        for one in asked
        for told in [of_window[one.window]]
    ]
    values = {name: np.array([iou(case.truth, way(case)) for case in cases]) for name, way in WAYS.items()}
    usual = values[next(iter(WAYS))]
    return [
        line(name, asked, own, None if number == 0 else usual)
        for number, (name, own) in enumerate(values.items())
    ]


def probed(corpus: Path) -> list[str]:
    """A line for each place on the way where a probe looks."""
    with (corpus / "rows.jsonl").open() as file:
        every = [row for row in map(json.loads, file) if not row["held_out"]]
    learned = [row for row in every if row["seconds"] <= _LONGEST_S and set(row["known"]) & set(WAVEFORMS)]
    rows, asked = drawn_rows(corpus, _PER_WAVEFORM, _MOST_WINDOWS)
    truths = [true_spans(rows[one.window]).get(one.waveform, []) for one in asked]
    lines = []
    for name, inputs in seen_of(corpus).items():
        probe = Probe(learned, inputs, WAVEFORMS)
        said = [probe.places(rows[one.window], one.waveform) for one in asked]
        values = np.array([iou(truth, places) for truth, places in zip(truths, said, strict=True)])
        lines.append(line(name, asked, values, None))
        print(lines[-1], flush=True)
    return lines


def pointed(corpus: Path) -> str:
    """The line of the pointer, on the same questions; the model has the signal alone."""
    rows, asked = drawn_rows(corpus, _PER_WAVEFORM, _MOST_WINDOWS)
    bundle = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE)
    pointer = Pointer(bundle)
    with TemporaryDirectory() as folder:
        windows = collect(corpus, rows, bundle, Path(folder))
    answers = [
        pointer.answer(window.states.astype(np.float32), beats_of(window.row)).text for window in windows
    ]
    said = [read_spans(text, row["seconds"]) or {} for text, row in zip(answers, rows, strict=True)]
    truths = [true_spans(rows[one.window]).get(one.waveform, []) for one in asked]
    places = [said[one.window].get(one.waveform, []) for one in asked]
    values = np.array([iou(truth, found) for truth, found in zip(truths, places, strict=True)])
    return line("the model points", asked, values, None)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("ask", "table", "probe", "point"))
    parser.add_argument("--corpus", type=Path, required=True, help="of export.training.language.corpus")
    parser.add_argument("--out", type=Path, default=Path("answers.jsonl"), help="of `ask`")
    parser.add_argument("--answers", type=Path, default=Path("answers.jsonl"), help="for `table`")
    arguments = parser.parse_args()
    if arguments.what == "ask":
        ask(arguments.corpus, arguments.out)
    elif arguments.what == "table":
        print("\n".join(table(arguments.corpus, arguments.answers)))
    elif arguments.what == "point":
        print(pointed(arguments.corpus))
    else:
        probed(arguments.corpus)


if __name__ == "__main__":
    main()
