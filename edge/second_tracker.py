"""Findings that live on seconds and not on beats: atrial and ventricular fibrillation, unreadable signal."""

from collections import deque
from dataclasses import dataclass, replace

from edge.bundle import Thresholds
from edge.labels import Finding, Rhythm
from edge.stream import NS_PER_S, RhythmChange, Second, Span

_SMOOTHING_S = 7
_MEMORY_S = 60
_VF_SMOOTHING_S = 4
_LONGEST_UNREADABLE_S = 30.0  # a rhythm is not claimed across more than this


@dataclass(frozen=True, slots=True)
class DurationSettings:
    """How long a finding has to last before it is an episode (AF: 30 s, ESC 2020; VF: at once, nearly)."""

    af_s: float = 30.0
    vf_s: float = 4.0
    unanalysable_s: float = 30.0


@dataclass(frozen=True, slots=True)
class SecondStep:
    """What one second, or an interruption, changed."""

    spans: tuple[Span, ...] = ()
    rhythm_change: RhythmChange | None = None
    in_af: bool = False


class SecondTracker:
    """Hysteresis over smoothed AF probability, and over readability."""

    def __init__(self, thresholds: Thresholds, durations: DurationSettings) -> None:
        self._thresholds = thresholds
        self._recent: deque[Second] = deque(maxlen=_MEMORY_S)
        self._af = _Watch(Finding.ATRIAL_FIBRILLATION, durations.af_s)
        self._unreadable = _Watch(Finding.UNANALYSABLE, durations.unanalysable_s)
        self._newest: deque[Second] = deque(maxlen=_VF_SMOOTHING_S)
        self._vf = _Watch(Finding.VENTRICULAR_FIBRILLATION, durations.vf_s)
        self._unreadable_s = 0.0
        self._in_af = False

    def feed(self, second: Second) -> SecondStep:
        """Take the next second; a gap is told by `interrupt`."""
        spans = self._unreadable.feed(second, present=not second.analysable, confidence=1.0)
        self._unreadable_s = 0.0 if second.analysable else self._unreadable_s + second.duration_s
        spans += self._watch_vf(second)
        if not second.analysable:
            return self._wait(second, spans)
        self._recent.append(second)
        smoothed = list(self._recent)[-_SMOOTHING_S:]
        mean = sum(s.af_probability for s in smoothed) / len(smoothed)
        limit = self._thresholds.af_off if self._in_af else self._thresholds.af_on
        changed = (mean >= limit) != self._in_af and len(smoothed) == _SMOOTHING_S
        change = self._turn(self._onset(second).first_index) if changed else None
        spans += self._af.feed(self._onset(second), present=self._in_af, confidence=mean)
        return SecondStep(tuple(spans), change, self._in_af)

    def interrupt(self, index: int, at_ns: int) -> SecondStep:
        """The signal stopped: everything open ends there."""
        change = self._turn(index) if self._in_af else None
        self._recent.clear()
        self._newest.clear()
        spans = self._vf.close(at_ns) + self._af.close(at_ns) + self._unreadable.close(at_ns)
        return SecondStep(tuple(spans), change)

    def _watch_vf(self, second: Second) -> list[Span]:
        """Readable or not: VF looks like noise; told from where its probability rose."""
        self._newest.append(second)
        mean = sum(s.vf_probability for s in self._newest) / _VF_SMOOTHING_S
        begun = self._newest[len(self._newest) // 2]
        return self._vf.feed(begun, present=mean >= self._thresholds.vf, confidence=mean)

    def _wait(self, second: Second, spans: list[Span]) -> SecondStep:
        """Unreadable: the rhythm is kept for a while, then given up where it was last seen."""
        if self._unreadable_s < _LONGEST_UNREADABLE_S:
            return SecondStep(tuple(spans), None, self._in_af)
        change = self._turn(second.first_index) if self._in_af else None
        self._recent.clear()
        return SecondStep((*spans, *self._af.close()), change, self._in_af)

    def _turn(self, index: int) -> RhythmChange:
        self._in_af = not self._in_af
        return RhythmChange(index, Rhythm.ATRIAL_FIBRILLATION if self._in_af else Rhythm.NON_AF)

    def _onset(self, second: Second) -> Second:
        """A change is seen late: by the delay of its probability, and by half of the smoothing."""
        if not self._recent:
            return second
        middle = self._recent[-min(len(self._recent), _SMOOTHING_S // 2 + 1)]
        return next((s for s in self._recent if s.first_index >= middle.af_index), middle)


class _Watch:
    """One condition: a candidate until it has been present long enough, then an open span."""

    def __init__(self, finding: Finding, minimum_s: float) -> None:
        self._finding, self._minimum_s = finding, minimum_s
        self._span: Span | None = None
        self._present_s = 0.0

    def feed(self, second: Second, *, present: bool, confidence: float) -> list[Span]:
        end_ns = second.start_ns + int(second.duration_s * NS_PER_S)
        if not present:
            return self.close(second.start_ns)
        if self._span is None:
            self._present_s = 0.0
            self._span = Span(self._finding, second.first_index, second.start_ns, end_ns, None, confidence)
        self._present_s += second.duration_s
        self._span = replace(self._span, last_ns=end_ns, confidence=max(confidence, self._span.confidence))
        return [self._span] if self._present_s >= self._minimum_s else []

    def close(self, at_ns: int | None = None) -> list[Span]:
        """End at `at_ns`, or where it was last seen."""
        span, self._span = self._span, None
        if span is None or self._present_s < self._minimum_s:
            return []
        end_ns = span.last_ns if at_ns is None else max(at_ns, span.onset_ns)
        return [replace(span, last_ns=end_ns, end_ns=end_ns)]
