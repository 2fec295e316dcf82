"""What the whole pipeline finds on a record, cut to any window of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.analysis import Analysis
from edge.beat_spans import Stretch, merged, neighbour_stretches
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.labels import WAVEFORM_OF_FINDING, BeatClass, Finding, Rhythm, Waveform
from edge.stream import NS_PER_S, Span

_CLASS_OF = {
    Waveform.VENTRICULAR_BEAT: BeatClass.VENTRICULAR,
    Waveform.SUPRAVENTRICULAR_BEAT: BeatClass.SUPRAVENTRICULAR,
}
_WAVEFORM_OF_RUN = {Finding.VENTRICULAR_RUN: Waveform.VENTRICULAR_TACHYCARDIA}
"""The annotators' note `(VT` begins at three ventricular beats, also below 100 a minute."""
_VENTRICULAR = (
    Waveform.VENTRICULAR_TACHYCARDIA,
    Waveform.VENTRICULAR_BIGEMINY,
    Waveform.VENTRICULAR_TRIGEMINY,
)
_NEAR_S = 0.01
_MIDWAY = (0.5, 0.5)
_NOTES = {Waveform.VENTRICULAR_TACHYCARDIA: (0.6, 0.65)}
"""Where between two beats a rhythm's notes are, as shares of the interval: medians over patients of DS1."""


@dataclass(frozen=True, slots=True, eq=False)
class RecordSpans:
    """Beats with their classes, rhythms and patterns with their times, in seconds."""

    at_s: npt.NDArray[np.float64]
    classes: tuple[BeatClass, ...]
    rhythms: tuple[tuple[Waveform, float, float], ...]

    def window(self, waveform: Waveform, start_s: float, seconds: int) -> list[Stretch]:
        """Stretches of a waveform, in seconds of the window."""
        times_s = (self.at_s - start_s).tolist()
        if waveform in _CLASS_OF:
            return neighbour_stretches(times_s, [c is _CLASS_OF[waveform] for c in self.classes], seconds)
        cut = [
            (round(max(0.0, onset - start_s), 1), round(min(float(seconds), end - start_s), 1))
            for kind, onset, end in self.rhythms
            if kind is waveform and onset - start_s < seconds and end > start_s
        ]
        return merged([(onset, end) for onset, end in cut if end > onset])

    def evidence(self, start_s: float, seconds: int, lead: str) -> Evidence:
        """All that was found in a window."""
        times_s = (self.at_s - start_s).tolist()
        beats = tuple(
            EvidenceBeat(at_s, beat_class)
            for at_s, beat_class in zip(times_s, self.classes, strict=True)
            if 0 <= at_s < seconds
        )
        spans = tuple(
            EvidenceSpan(waveform, onset_s, end_s)
            for waveform in Waveform
            for onset_s, end_s in self.window(waveform, start_s, seconds)
        )
        return Evidence(float(seconds), (lead,), beats, spans, float(seconds))


def record_spans(analysis: Analysis, fs_hz: float, duration_s: float) -> RecordSpans:
    """Of a whole analysed record."""
    at_s = np.array([beat.index / fs_hz for beat in analysis.beats])
    spans: dict[tuple[str, int], Span] = {}
    for step in analysis.episodes:
        spans[step.span.finding, step.span.onset_index] = step.span
    is_ventricular = np.array([beat.beat_class is BeatClass.VENTRICULAR for beat in analysis.beats], bool)
    rhythms = [_of_span(span, fs_hz, at_s, is_ventricular) for span in spans.values()]
    rhythms = [one for one in rhythms if one[0] is not Waveform.ATRIAL_FIBRILLATION]
    return RecordSpans(
        at_s,
        tuple(beat.beat_class for beat in analysis.beats),
        (*rhythms, *_fibrillation(analysis, fs_hz, duration_s)),
    )


def _of_span(
    span: Span, fs_hz: float, at_s: npt.NDArray[np.float64], is_ventricular: npt.NDArray[np.bool_]
) -> tuple[Waveform, float, float]:
    """Annotators set a rhythm's note between its first beat and the one before; see `_NOTES`.

    A pattern of ventricular beats begins with the first and ends with the last of these.
    """
    waveform = _WAVEFORM_OF_RUN.get(span.finding, WAVEFORM_OF_FINDING[span.finding])
    onset_s = span.onset_index / fs_hz
    end_s = onset_s + ((span.end_ns or span.last_ns) - span.onset_ns) / NS_PER_S
    own = at_s[is_ventricular & (at_s > onset_s - _NEAR_S) & (at_s < end_s + _NEAR_S)]
    if waveform in _VENTRICULAR and len(own):
        onset_s, end_s = float(own[0]), float(own[-1])
    before, after = at_s[at_s < onset_s - _NEAR_S], at_s[at_s > end_s + _NEAR_S]
    begins, ends = _NOTES.get(waveform, _MIDWAY)
    begun_s = _between(float(before[-1]), onset_s, begins) if len(before) else 0.0
    return waveform, begun_s, _between(end_s, float(after[0]), ends) if len(after) else end_s


def _between(first_s: float, second_s: float, share: float) -> float:
    return first_s + share * (second_s - first_s)


def _fibrillation(analysis: Analysis, fs_hz: float, duration_s: float) -> list[tuple[Waveform, float, float]]:
    """From each change of rhythm to the next, however short."""
    marks = [(change.index / fs_hz, change.rhythm) for change in analysis.rhythm_changes]
    ends = [*(at for at, _ in marks[1:]), duration_s]
    return [
        (Waveform.ATRIAL_FIBRILLATION, at, end)
        for (at, rhythm), end in zip(marks, ends, strict=False)
        if rhythm is Rhythm.ATRIAL_FIBRILLATION
    ]
