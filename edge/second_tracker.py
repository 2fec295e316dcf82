"""Findings that live on seconds and not on beats: atrial fibrillation and unreadable signal."""

from collections import deque
from dataclasses import dataclass, replace

from edge.bundle import Thresholds
from edge.labels import Finding, Rhythm
from edge.stream import NS_PER_S, RhythmChange, Second, Span

_SMOOTHING_S = 15


@dataclass(frozen=True, slots=True)
class DurationSettings:
    """How long a finding has to last before it is an episode (AF: 30 s, ESC 2020)."""

    af_s: float = 30.0
    unanalysable_s: float = 30.0


@dataclass(frozen=True, slots=True)
class SecondStep:
    """What one second changed."""

    spans: tuple[Span, ...] = ()
    rhythm_change: RhythmChange | None = None
    in_af: bool = False


class SecondTracker:
    """Hysteresis over smoothed AF probability, and over readability."""

    def __init__(self, thresholds: Thresholds, durations: DurationSettings) -> None:
        self._thresholds, self._durations = thresholds, durations
        self._recent: deque[Second] = deque(maxlen=_SMOOTHING_S)
        self._af: _Watch = _Watch(Finding.ATRIAL_FIBRILLATION, durations.af_s)
        self._unreadable: _Watch = _Watch(Finding.UNANALYSABLE, durations.unanalysable_s)
        self._in_af = False

    def feed(self, second: Second) -> SecondStep:
        """Take the next second; a gap is told by `interrupt`."""
        spans = self._unreadable.feed(second, present=not second.analysable, confidence=1.0)
        if not second.analysable:
            return SecondStep(tuple(spans), None, self._in_af)
        self._recent.append(second)
        mean = sum(s.af_probability for s in self._recent) / len(self._recent)
        limit = self._thresholds.af_off if self._in_af else self._thresholds.af_on
        changed = (mean >= limit) != self._in_af and len(self._recent) == _SMOOTHING_S
        change = self._turn(second) if changed else None
        spans += self._af.feed(self._onset(second), present=self._in_af, confidence=mean)
        return SecondStep(tuple(spans), change, self._in_af)

    def interrupt(self, at_ns: int) -> list[Span]:
        """The signal stopped: everything open ends there."""
        self._recent.clear()
        self._in_af = False
        return self._af.close(at_ns) + self._unreadable.close(at_ns)

    def _turn(self, second: Second) -> RhythmChange:
        self._in_af = not self._in_af
        rhythm = Rhythm.ATRIAL_FIBRILLATION if self._in_af else Rhythm.NON_AF
        return RhythmChange(self._onset(second).first_index, rhythm)

    def _onset(self, second: Second) -> Second:
        """A change is seen half a smoothing window after it came."""
        return self._recent[len(self._recent) // 2] if self._recent else second


class _Watch:
    """One condition: a candidate until it has lasted long enough, then an open span."""

    def __init__(self, finding: Finding, minimum_s: float) -> None:
        self._finding, self._minimum_ns = finding, int(minimum_s * NS_PER_S)
        self._span: Span | None = None

    def feed(self, second: Second, *, present: bool, confidence: float) -> list[Span]:
        end_ns = second.start_ns + int(second.duration_s * NS_PER_S)
        if not present:
            return self.close(second.start_ns)
        if self._span is None:
            self._span = Span(self._finding, second.first_index, second.start_ns, end_ns, None, confidence)
        self._span = replace(self._span, last_ns=end_ns, confidence=max(confidence, self._span.confidence))
        return [self._span] if self._lasts(self._span) else []

    def close(self, at_ns: int) -> list[Span]:
        span, self._span = self._span, None
        if span is None or not self._lasts(span):
            return []
        return [replace(span, last_ns=max(at_ns, span.onset_ns), end_ns=max(at_ns, span.onset_ns))]

    def _lasts(self, span: Span) -> bool:
        return span.last_ns - span.onset_ns >= self._minimum_ns
