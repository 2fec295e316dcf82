"""What changed between two windows: pairs of one development patient, and made pairs with a known change."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import wfdb
from scipy.signal import resample

from benchmarks.language_reader import Float32, LanguageReader, SeenEcg
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.workplace import Workplace
from edge.ask_answer import completed
from edge.ask_measured import answer_sentences
from edge.comparison import (
    COMPARE_QUESTION,
    ECTOPY_SHARE,
    RATE_SHARE,
    RHYTHMS,
    changes,
    direction,
    read_changes,
)
from edge.events import AskAnswer
from edge.evidence import Evidence
from edge.labels import Waveform
from edge.localizer_request import Said
from edge.pipeline import PipelineSettings
from edge.recorded_window import RecordedWindow
from edge.span_evidence import SpanReader
from edge.stream import NS_PER_S, PlacedBlock
from export.evaluation.window_truth import AnnotatedRecord, Truth, read_annotations
from export.training.language.sources import MITDB_WAVEFORMS
from export.training.records import FS_HZ, prepared_ecg

RECORDS = ("108", "119", "223")
ITEMS = ("rate", "rhythm", "ectopy", "intervals")
_PAIRS_EACH = 14
_WINDOW_S = 10
_STRETCHES = (0.75, 0.85, 1.2, 1.35)
_VERDICT = re.compile(r"In short: ([^.]*)\.")


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two windows, as the model sees them and as `hearth ask` measures them, and what has changed in truth.

    An item that is not known is missing.
    """

    windows: tuple[SeenEcg, SeenEcg]
    measured: tuple[Evidence, Evidence]
    truth: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """The first signal: as it is `[n]` in mV, and filtered at the encoder's rate `[n]` in mV."""

    raw_mv: Float32
    fs_hz: int
    ecg_mv: Float32
    annotated: AnnotatedRecord

    @property
    def seconds(self) -> int:
        """Whole ones."""
        return len(self.ecg_mv) // FS_HZ


def run(place: Workplace) -> Result:
    """The model's words, the measured ones, and always `same`."""
    place.database("mitdb")
    model, measured = LanguageReader.of(place), SpanReader(place.bundle, PipelineSettings())
    rows: dict[str, dict[str, Cell]] = {}
    for name, pairs in (
        ("one patient", _drawn(place, model, measured)),
        ("made", _made(place, model, measured)),
    ):
        kept = list(pairs)
        said = [model.ask(pair.windows, COMPARE_QUESTION, with_evidence=True, max_tokens=40) for pair in kept]
        answers = {
            "whole system": [_whole(pair, one) for pair, one in zip(kept, said, strict=True)],
            "measured": [changes(*pair.measured) for pair in kept],
            "language model alone": [read_changes(one.text) for one in said],
            "always same": [dict.fromkeys(ITEMS, "same") for _ in kept],
        }
        for who, given in answers.items():
            rows[f"{name}: {who}"] = _accuracy(kept, given)
    figures = [
        Figure(f"Comparison, {name}, right words, {who}", (float(rows[f"{name}: {who}"]["all"] or 0),), "")
        for name in ("one patient", "made")
        for who in ("whole system", "language model alone")
    ]
    return Result(
        "comparison",
        "Comparison of two windows",
        "python -m benchmarks.figures --data DIR --only comparison",
        (
            f"Pairs of mitdb {', '.join(RECORDS)} (development patients): rate, rhythm and ectopy by the"
            " annotators. Made pairs: a window and itself stretched in time, so that the rate changes by"
            " a known factor, and with it the intervals. The share of right words; `unknown` is none.",
            "The whole system is read from the text that `hearth ask` prints. By rule its verdict is the"
            " measured one (edge/comparison.py); words of the model are said to agree or are struck, so"
            " that the two rows are the same unless something is broken.",
            "A change of rhythm is another set of fibrillation, flutter and runs; the model was taught"
            " atrial fibrillation alone.",
        ),
        figures,
        [Table("Share of right words, %", "Pairs", rows)],
    )


def _whole(pair: Pair, said: Said) -> dict[str, str]:
    """The verdict in the words that a person gets."""
    evidence = list(pair.measured)
    text = " ".join(answer_sentences(evidence, COMPARE_QUESTION))
    measured = AskAnswer(question_id=UUID(int=0), device_id="benchmark", status="answered", text=text)
    found = _VERDICT.match(completed(measured, (said,), evidence, "model").text)
    return read_changes(re.sub(r" \([^)]*\)", "", found[1])) if found else {}


def _drawn(place: Workplace, model: LanguageReader, reader: SpanReader) -> Iterator[Pair]:
    rng = np.random.default_rng(2026)
    for name in RECORDS:
        record = _record(place, name)
        for _ in range(_PAIRS_EACH):
            firsts = rng.integers(0, record.seconds - _WINDOW_S, 2).tolist()
            seen = [model.see(_cut(record.ecg_mv, FS_HZ, first)[None], ("MLII",)) for first in firsts]
            told = [_told(_cut(record.raw_mv, record.fs_hz, at), record.fs_hz, reader) for at in firsts]
            truths = [record.annotated.window(float(first), _WINDOW_S) for first in firsts]
            yield Pair((seen[0], seen[1]), (told[0], told[1]), _known(truths[0], truths[1]))


def _made(place: Workplace, model: LanguageReader, reader: SpanReader) -> Iterator[Pair]:
    rng = np.random.default_rng(7)
    for name in RECORDS:
        record = _record(place, name)
        for factor in _STRETCHES * 3:
            first = int(rng.integers(0, record.seconds - 2 * _WINDOW_S))
            ecgs = [
                (_cut(signal, fs_hz, first), _stretched(signal, fs_hz, first, factor))
                for signal, fs_hz in ((record.ecg_mv, FS_HZ), (record.raw_mv, record.fs_hz))
            ]
            before, after = (model.see(ecg[None], ("MLII",)) for ecg in ecgs[0])
            told = [_told(ecg, record.fs_hz, reader) for ecg in ecgs[1]]
            known = {"rate": "lower" if factor > 1 else "higher", "rhythm": "same"}
            known |= {"intervals": "longer" if factor > 1 else "shorter"}
            yield Pair((before, after), (told[0], told[1]), known)


def _record(place: Workplace, name: str) -> Record:
    path = place.data / "mitdb" / name
    raw = wfdb.rdrecord(str(path), channels=[0])
    ecg_mv = prepared_ecg(path)[:, 0].astype(np.float32)
    annotated = read_annotations(str(path), len(ecg_mv) / FS_HZ, MITDB_WAVEFORMS)
    return Record(np.nan_to_num(raw.p_signal[:, 0]).astype(np.float32), int(raw.fs), ecg_mv, annotated)


def _cut(signal_mv: Float32, fs_hz: int, first_s: int) -> Float32:
    return signal_mv[first_s * fs_hz : (first_s + _WINDOW_S) * fs_hz]


def _stretched(signal_mv: Float32, fs_hz: int, first_s: int, factor: float) -> Float32:
    """The first ten seconds of what is `factor` times as slow."""
    long = signal_mv[first_s * fs_hz : (first_s + 2 * _WINDOW_S) * fs_hz]
    return np.asarray(resample(long, round(len(long) * factor)), np.float32)[: _WINDOW_S * fs_hz]


def _told(signal_mv: Float32, fs_hz: int, reader: SpanReader) -> Evidence:
    """Measured as a recorded window is."""
    uv = np.round(signal_mv[:, None] * 1000).astype(np.int32)
    block = PlacedBlock(0, 0, uv)
    return reader.read(RecordedWindow(0, len(uv) * NS_PER_S // fs_hz, fs_hz, ("MLII",), (block,)))


def _known(before: Truth, after: Truth) -> dict[str, str]:
    rates = [_rate(truth) for truth in (before, after)]
    both = [
        [len(t.spans.get(w, ())) for t in (before, after)]
        for w in (Waveform.VENTRICULAR_BEAT, Waveform.SUPRAVENTRICULAR_BEAT)
    ]
    ectopy = [float(sum(kind[i] for kind in both)) for i in (0, 1)]
    rhythms = [truth.spans.keys() & set(RHYTHMS) for truth in (before, after)]
    return {
        "rate": direction(rates[0], rates[1], RATE_SHARE, ("higher", "lower")),
        "rhythm": "same" if rhythms[0] == rhythms[1] else "changed",
        "ectopy": direction(ectopy[0], ectopy[1], ECTOPY_SHARE, ("more", "less")),
    }


def _rate(truth: Truth) -> float | None:
    beats = truth.beats_s
    return 60 * (len(beats) - 1) / (beats[-1] - beats[0]) if len(beats) > 1 else None


def _accuracy(pairs: list[Pair], answers: list[dict[str, str]]) -> dict[str, Cell]:
    row: dict[str, Cell] = {"pairs": len(pairs)}
    every: list[bool] = []
    for item in ITEMS:
        right = [a.get(item) == p.truth[item] for p, a in zip(pairs, answers, strict=True) if item in p.truth]
        every += right
        row[item] = round(100 * sum(right) / len(right), 1) if right else None
    row["all"] = round(100 * sum(every) / len(every), 1) if every else None
    return row
