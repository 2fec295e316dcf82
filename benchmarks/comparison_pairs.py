"""Pairs of windows that may differ, and what is known of the difference."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import wfdb
from scipy.signal import resample

from benchmarks.language_reader import Float32, LanguageReader, SeenEcg
from benchmarks.workplace import Workplace
from edge.comparison import ECTOPY_SHARE, RATE_SHARE, RHYTHMS, direction
from edge.evidence import Evidence
from edge.labels import Waveform
from edge.recorded_window import RecordedWindow
from edge.span_evidence import SpanReader
from edge.stream import NS_PER_S, PlacedBlock
from export.evaluation.window_truth import AnnotatedRecord, Truth, read_annotations
from export.training.language.sources import MITDB_WAVEFORMS
from export.training.records import FS_HZ, prepared_ecg

RECORDS = ("108", "119", "223")
_PAIRS_EACH = 14
_WINDOW_S = 10
_STRETCHES = (0.75, 0.85, 1.2, 1.35)
_UV_PER_MV = 1000


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


def drawn_pairs(place: Workplace, model: LanguageReader, reader: SpanReader) -> Iterator[Pair]:
    """Two windows of one development patient of mitdb, by the annotators."""
    rng = np.random.default_rng(2026)
    for name in RECORDS:
        record = _record(place, name)
        for _ in range(_PAIRS_EACH):
            firsts = rng.integers(0, record.seconds - _WINDOW_S, 2).tolist()
            seen = [model.see(_cut(record.ecg_mv, FS_HZ, first)[None], ("MLII",)) for first in firsts]
            told = [
                measured(_cut(record.raw_mv, record.fs_hz, at), record.fs_hz, "MLII", reader) for at in firsts
            ]
            truths = [record.annotated.window(float(first), _WINDOW_S) for first in firsts]
            yield Pair((seen[0], seen[1]), (told[0], told[1]), _known(truths[0], truths[1]))


def made_pairs(place: Workplace, model: LanguageReader, reader: SpanReader) -> Iterator[Pair]:
    """A window, and itself stretched in time."""
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
            told = [measured(ecg, record.fs_hz, "MLII", reader) for ecg in ecgs[1]]
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


def measured(signal_mv: Float32, fs_hz: int, lead: str, reader: SpanReader) -> Evidence:
    """As a recorded window is."""
    uv = np.round(signal_mv[:, None] * _UV_PER_MV).astype(np.int32)
    block = PlacedBlock(0, 0, uv)
    return reader.read(RecordedWindow(0, len(uv) * NS_PER_S // fs_hz, fs_hz, (lead,), (block,)))


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
