"""Episodes: one id and a life of `new`, `update`, `end`, out of spans that open and close."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from edge.labels import BeatClass, Finding
from edge.stream import NS_PER_S, Beat, EndReason, EpisodeStep, Phase, RawStrip, Span

_UPDATE_EVERY_NS = 60 * NS_PER_S
_Key = tuple[Finding, int]


@dataclass(slots=True)
class _Tally:
    """What is counted while an episode lasts."""

    waiting: list[Beat] = field(default_factory=list)
    beats: dict[BeatClass, int] = field(default_factory=dict)
    rr_ms_sum: float = 0.0
    n_rr: int = 0
    longest_rr_ms: float | None = None
    told_ns: int = 0

    def count_until(self, last_ns: int, onset_ns: int) -> None:
        for beat in [beat for beat in self.waiting if beat.at_ns <= last_ns]:
            self.beats[beat.beat_class] = self.beats.get(beat.beat_class, 0) + 1
            if beat.rr_ms is not None and beat.at_ns > onset_ns:
                self._add_interval(beat.rr_ms)
        self.waiting = [beat for beat in self.waiting if beat.at_ns > last_ns]

    def _add_interval(self, rr_ms: float) -> None:
        self.rr_ms_sum += rr_ms
        self.n_rr += 1
        self.longest_rr_ms = max(rr_ms, self.longest_rr_ms or 0.0)


class EpisodeTracker:
    """Turns span changes into steps; told of every beat before the spans that the beat changed."""

    def __init__(self) -> None:
        self._open: dict[_Key, _Tally] = {}

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """What is going on now."""
        return tuple(dict.fromkeys(finding for finding, _ in self._open))

    def add_beat(self, beat: Beat) -> None:
        """A beat may belong to each open episode."""
        for tally in self._open.values():
            tally.waiting.append(beat)

    def knows(self, span: Span) -> bool:
        """True where the episode of this span has begun already."""
        return (span.finding, span.onset_index) in self._open

    def feed(
        self, span: Span, earlier: list[Beat], strip: RawStrip | None, reason: EndReason = "ended"
    ) -> Iterator[EpisodeStep]:
        """Steps for one span change; `earlier` are the newest beats, `strip` goes with a new episode."""
        key = (span.finding, span.onset_index)
        is_new = key not in self._open
        if is_new:
            self._open[key] = _Tally(waiting=[beat for beat in earlier if beat.at_ns >= span.onset_ns])
        tally = self._open[key]
        tally.count_until(span.last_ns, span.onset_ns)
        if is_new:
            yield _step("new", span, tally, strip)
        if span.end_ns is not None:
            del self._open[key]
            yield _step("end", span, tally, None, reason)
        elif span.last_ns - tally.told_ns >= _UPDATE_EVERY_NS:
            yield _step("update", span, tally, None)


def _step(
    phase: Phase, span: Span, tally: _Tally, strip: RawStrip | None, reason: EndReason | None = None
) -> EpisodeStep:
    tally.told_ns = span.last_ns
    rate = 60_000 * tally.n_rr / tally.rr_ms_sum if tally.n_rr else None
    return EpisodeStep(
        phase=phase,
        span=span,
        end_reason=reason,
        beats=dict(tally.beats),
        heart_rate_bpm=None if rate is None else round(rate, 1),
        longest_rr_ms=None if tally.longest_rr_ms is None else round(tally.longest_rr_ms, 1),
        strip=strip,
    )
