"""Beats in time, from a strap that tells intervals and nothing else.

Intervals come without a time of their own, up to some seconds late. A run is a chain of them in which none
is missing; what cannot be part of one begins another: an interval that no heart makes, lost contact, and
intervals that fall behind the time of their arrival, or run ahead of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from edge.stream import NS_PER_MS, NS_PER_S

_SHORTEST_MS, _LONGEST_MS, _LONGEST_PAUSE_MS = 200.0, 3000.0, 8000.0
_MOST_BEHIND_NS, _MOST_AHEAD_NS = 5 * NS_PER_S, 5 * NS_PER_S
_USUAL_BEHIND_NS = NS_PER_S
_SLEW_NS = NS_PER_MS


@dataclass(frozen=True, slots=True)
class Heard:
    """What came at `at_ns` (UTC): intervals in ms, oldest first; `contact` is `None` where unknown."""

    at_ns: int
    rr_ms: tuple[float, ...] = ()
    contact: bool | None = None


@dataclass(frozen=True, slots=True)
class TimedBeat:
    """A beat at `at_ns` (UTC); `rr_ms` ends at it, `None` at the first of a run.

    For the rhythm it `is_first` after a longer interval than a rhythm has, too, which may be a pause.
    """

    at_ns: int
    rr_ms: float | None
    is_first: bool


class IntervalBeats:
    """Remembers the newest beat of the run."""

    def __init__(self) -> None:
        self._last_ns: int | None = None

    def end_run(self) -> None:
        """What comes next does not follow from what came before."""
        self._last_ns = None

    def feed(self, heard: Heard) -> list[TimedBeat]:
        """The beats at the ends of these intervals, and the beat at the start of a run."""
        if heard.contact is False:
            self.end_run()
            return []
        if not heard.rr_ms:
            return []
        total_ns = round(sum(heard.rr_ms) * NS_PER_MS)
        if self._last_ns is not None:
            behind_ns = heard.at_ns - self._last_ns - total_ns
            if not -_MOST_AHEAD_NS <= behind_ns <= _MOST_BEHIND_NS:
                self.end_run()
        beats = list(self._placed(heard.rr_ms, heard.at_ns - total_ns))
        self._follow(heard.at_ns)
        return beats

    def _placed(self, intervals_ms: tuple[float, ...], start_ns: int) -> Iterator[TimedBeat]:
        at_ns = start_ns if self._last_ns is None else self._last_ns
        in_run = self._last_ns is not None
        for rr_ms in intervals_ms:
            from_ns, at_ns = at_ns, at_ns + round(rr_ms * NS_PER_MS)
            may_follow = _SHORTEST_MS <= rr_ms <= (_LONGEST_PAUSE_MS if in_run else _LONGEST_MS)
            if may_follow and not in_run:
                yield TimedBeat(from_ns, None, is_first=True)
            if may_follow:
                yield TimedBeat(at_ns, rr_ms, is_first=rr_ms > _LONGEST_MS)
            in_run = may_follow
        self._last_ns = at_ns if in_run else None

    def _follow(self, host_ns: int) -> None:
        """The strap's clock is not quite ours: a millisecond a message, so that no run is cut for it."""
        if self._last_ns is not None:
            behind_ns = host_ns - self._last_ns
            self._last_ns += _SLEW_NS if behind_ns > _USUAL_BEHIND_NS else -_SLEW_NS if behind_ns < 0 else 0
