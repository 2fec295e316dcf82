"""Evidence of a window of the stream: what the pipeline knew of it when it was cut."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.beat_spans import ectopy_spans, merged
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.labels import WAVEFORM_OF_FINDING, Finding, Rhythm, Waveform
from edge.stream import NS_PER_S, Beat, RhythmChange, Second, Span

_SECONDS_MEMORY = 180
_SPAN_MEMORY = 64
_TURN_MEMORY = 64
_BY_OTHERS = frozenset({Waveform.VENTRICULAR_BEAT, Waveform.ATRIAL_FIBRILLATION, Waveform.UNREADABLE})
"""Told by beats, turns of rhythm and seconds, which know of them before they are an episode."""


@dataclass(frozen=True, slots=True)
class Window:
    """Samples `first_index` to `stop_index`; `start_ns` is the time of the first."""

    first_index: int
    stop_index: int
    start_ns: int
    fs_hz: float
    leads: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        """Its length."""
        return (self.stop_index - self.first_index) / self.fs_hz

    def at_s(self, index: int) -> float:
        """Seconds from its first sample, below 0 before it."""
        return (index - self.first_index) / self.fs_hz


class WindowMemory:
    """The newest seconds, spans and turns of rhythm, open and closed."""

    def __init__(self) -> None:
        self._seconds: deque[Second] = deque(maxlen=_SECONDS_MEMORY)
        self._turns: deque[RhythmChange] = deque(maxlen=_TURN_MEMORY)
        self._spans: dict[tuple[Finding, int], Span] = {}

    def add_second(self, second: Second) -> None:
        """The next second."""
        self._seconds.append(second)

    def add_turn(self, turn: RhythmChange | None) -> None:
        """From here the rhythm is another one."""
        if turn is not None:
            self._turns.append(turn)

    def add_span(self, span: Span) -> None:
        """A span that began, went on or ended; its newest word counts."""
        self._spans.pop((span.finding, span.onset_index), None)
        self._spans[(span.finding, span.onset_index)] = span
        if len(self._spans) > _SPAN_MEMORY:
            del self._spans[next(iter(self._spans))]

    def evidence(self, window: Window, beats: Sequence[Beat]) -> Evidence:
        """`beats` in order, with those around the window."""
        return window_evidence(window, beats, self._spans.values(), self._turns, self._seconds)


def window_evidence(
    window: Window,
    beats: Sequence[Beat],
    spans: Iterable[Span],
    turns: Iterable[RhythmChange],
    seconds: Iterable[Second],
) -> Evidence:
    """All times in tenths of a second, but those of beats; a second that is not decided is not readable.

    Ectopy is from the R peak before to the R peak after; VT, patterns, pauses and rates from the rules.
    """
    placed = [EvidenceBeat(round(window.at_s(beat.index), 3), beat.beat_class) for beat in beats]
    readable_s, unreadable = _readability(window, seconds)
    found = ectopy_spans(placed, window.duration_s)
    found += _clipped(window, Waveform.UNREADABLE, unreadable)
    found += _clipped(window, Waveform.ATRIAL_FIBRILLATION, _fibrillation(window, turns))
    for span in spans:
        waveform = WAVEFORM_OF_FINDING[span.finding]
        if waveform not in _BY_OTHERS:
            found += _clipped(window, waveform, [_stretch(window, span)])
    return Evidence(
        duration_s=window.duration_s,
        leads=window.leads,
        beats=tuple(beat for beat in placed if 0 <= beat.at_s < window.duration_s),
        spans=tuple(sorted(found, key=lambda span: (span.start_s, span.end_s, span.waveform))),
        readable_s=min(readable_s, window.duration_s),
    )


def _stretch(window: Window, span: Span) -> tuple[float, float]:
    end_ns = span.last_ns if span.end_ns is None else span.end_ns
    return ((span.onset_ns - window.start_ns) / NS_PER_S, (end_ns - window.start_ns) / NS_PER_S)


def _fibrillation(window: Window, turns: Iterable[RhythmChange]) -> list[tuple[float, float]]:
    stretches, onset_s = [], None
    for turn in turns:
        if turn.rhythm is Rhythm.ATRIAL_FIBRILLATION:
            onset_s = window.at_s(turn.index)
        elif onset_s is not None:
            stretches.append((onset_s, window.at_s(turn.index)))
            onset_s = None
    return stretches if onset_s is None else [*stretches, (onset_s, window.duration_s)]


def _readability(window: Window, seconds: Iterable[Second]) -> tuple[float, list[tuple[float, float]]]:
    readable_s, unreadable = 0.0, []
    for second in seconds:
        start = window.at_s(second.first_index)
        start_s, end_s = max(0.0, start), min(window.duration_s, start + second.duration_s)
        if start_s >= end_s:
            continue
        if second.analysable:
            readable_s += end_s - start_s
        else:
            unreadable.append((start_s, end_s))
    return round(readable_s, 3), merged(unreadable)


def _clipped(
    window: Window, waveform: Waveform, stretches: Iterable[tuple[float, float]]
) -> list[EvidenceSpan]:
    """The part in the window; what would have no length in tenths is left out."""
    inside = [(round(max(0.0, start), 1), round(min(window.duration_s, end), 1)) for start, end in stretches]
    return [EvidenceSpan(waveform, start, end) for start, end in merged([p for p in inside if p[0] < p[1]])]
