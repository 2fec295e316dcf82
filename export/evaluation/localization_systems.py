"""Who answers the localization questions: the blind, an oracle, encoder and rules, language model, all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from edge.beat_spans import Stretch
from edge.evidence import Evidence
from edge.filters import CausalBandpass
from edge.fusion import fuse
from edge.localizer import Localizer
from edge.localizer_prompt import look_at
from edge.localizer_reading import read_findings
from edge.localizer_request import Said
from edge.raw_ecg import RawEcg
from edge.resampler import resample
from edge.signal_reader import SignalReader
from edge.span_evidence import SpanReader
from export.evaluation.localization import CONSTANT_ANSWER, Question
from export.evaluation.record_spans import RecordSpans

Answer = list[Stretch]
Window = tuple[str, float, int]

_LEAD_IN_S = 5.0  # for the filter to settle
_UV_PER_MV = 1000.0


def blind(_: Question) -> Answer:
    """The same for every question."""
    return [CONSTANT_ANSWER]


def presence_oracle(question: Question) -> Answer:
    """Knows whether, and not where."""
    return [CONSTANT_ANSWER] if question.truth else []


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """The first signal of records, filtered, at the encoder's rate."""

    data: Path
    fs_hz: int

    def window(self, window: Window) -> tuple[npt.NDArray[np.float32], str]:
        """`[1, samples]` in mV of one window, and its lead."""
        name, start_s, seconds = window
        path = str(self.data / "mitdb" / name)
        fs = wfdb.rdheader(path).fs
        first = max(0, round((start_s - _LEAD_IN_S) * fs))
        stop = round((start_s + seconds) * fs) + int(fs)
        record = wfdb.rdrecord(
            path, channels=[0], sampfrom=first, sampto=min(stop, wfdb.rdheader(path).sig_len)
        )
        at_rate = resample(np.nan_to_num(record.p_signal), float(fs), self.fs_hz)
        filtered = CausalBandpass(self.fs_hz).feed(at_rate)
        begin = round((start_s - first / fs) * self.fs_hz)
        cut = filtered[begin : begin + seconds * self.fs_hz]
        cut = np.pad(cut, ((0, seconds * self.fs_hz - len(cut)), (0, 0)), mode="edge")
        return np.ascontiguousarray(cut.T, np.float32), record.sig_name[0]

    def raw(self, window: Window) -> RawEcg:
        """The strip of one window, as an edge cuts it out of its recording."""
        name, start_s, seconds = window
        path = str(self.data / "mitdb" / name)
        header = wfdb.rdheader(path)
        first = round(start_s * header.fs)
        stop = min(first + round(seconds * header.fs), header.sig_len)
        record = wfdb.rdrecord(path, channels=[0], sampfrom=first, sampto=stop)
        uv = np.round(np.nan_to_num(record.p_signal) * _UV_PER_MV).astype(np.int32)
        return RawEcg(uv, float(header.fs), (record.sig_name[0],))


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Encoder, sequence model and rules on the stream of a record; blocks on the window, as at the edge."""

    spans: Mapping[str, RecordSpans]
    strips: Strips
    reader: SpanReader

    def evidence(self, question: Question) -> Evidence:
        """Of its window."""
        ecg = self.strips.raw(_window(question))
        evidence = self.spans[question.record].evidence(question.start_s, question.seconds, ecg.leads[0])
        return self.reader.add_to(evidence, ecg)

    def answer(self, question: Question) -> Answer:
        """Without the language model."""
        found = self.evidence(question).of(question.waveform)
        return [(span.start_s, span.end_s) for span in found]


@dataclass(frozen=True, slots=True)
class Located:
    """Of one window: as the edge asks, by pointing where the bundle can; and token by token."""

    said: Said
    written: Said


def ask_model(localizer: Localizer, reader: SignalReader, strips: Strips, window: Window) -> Located:
    """Locate everything in one window; the model has the signal alone, nothing measured is told."""
    ecg_mv, lead = strips.window(window)
    read = reader.read_prepared(ecg_mv, (lead,))
    raw = RawEcg(np.round(ecg_mv.T * _UV_PER_MV).astype(np.int32), float(strips.fs_hz), (lead,))
    request = look_at(raw, None)
    branches = (request.branches[0], replace(request.branches[0], points=False))
    return Located(*localizer.answers_of_read([read], request.beginning, branches))


def model_alone(said: Mapping[Window, Said]) -> Callable[[Question], Answer]:
    """The language model's own stretches."""

    def answer(question: Question) -> Answer:
        findings = read_findings(said[_window(question)], question.seconds) or []
        return [(f.start_s, f.end_s) for f in findings if f.finding is question.waveform]

    return answer


def whole(measured: Measured, said: Mapping[Window, Said]) -> Callable[[Question], Answer]:
    """What was measured and what the model says, fused by the edge's rule."""

    def answer(question: Question) -> Answer:
        findings = read_findings(said[_window(question)], question.seconds) or []
        fused = fuse(measured.evidence(question).spans, findings).findings
        return [(f.start_s, f.end_s) for f in fused if f.finding is question.waveform]

    return answer


def _window(question: Question) -> Window:
    return question.record, question.start_s, question.seconds
