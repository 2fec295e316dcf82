"""When messages would have arrived had none been late: the line under all (device time, arrival) points.

A notification comes late but never early, so the true relation of two clocks is the lower envelope of
(arrival - device time), and a straight line as long as their crystals hold. The line is the edge of the lower
convex hull above the middle of the points (Moon, Skelly and Towsley 1999), over about the last hour.
"""

from collections import deque
from typing import Final, NamedTuple

_BIN_S: Final = 10.0
_BINS: Final = 360
_SPAN_S: Final = 60.0


class Arrival(NamedTuple):
    """The least late message of some seconds."""

    device_s: float
    delay_s: float


class ClockEnvelope:
    """`delay` is host time minus device time; both count from wherever the caller likes."""

    def __init__(self) -> None:
        self._bins: deque[Arrival] = deque(maxlen=_BINS)
        self._newest: Arrival | None = None
        self._at: Arrival | None = None
        self.slope = 0.0
        """Seconds of host time gained over the device in each of its seconds (drift)."""

    def add(self, device_s: float, delay_s: float) -> None:
        """The next message, in order of device time."""
        point = Arrival(device_s, delay_s)
        if self._newest is not None and int(device_s // _BIN_S) != int(self._newest.device_s // _BIN_S):
            self._bins.append(self._newest)
            self._newest = point
            self._fit()
        elif self._newest is None or delay_s < self._newest.delay_s:
            self._newest = point
        if self._at is None or delay_s < self.delay_s(device_s):
            self._at = point

    def delay_s(self, device_s: float) -> float:
        """Of a message that is not late, on the line; before the first message there is none."""
        assert self._at is not None, "no message yet"
        return self._at.delay_s + self.slope * (device_s - self._at.device_s)

    def _fit(self) -> None:
        """The edge of the lower hull above the mean time; level while all that is known is short."""
        hull = _lower_hull(self._bins)
        if self._bins[-1].device_s - self._bins[0].device_s < _SPAN_S:
            self._at = min(self._bins, key=lambda one: one.delay_s)
            return
        middle = sum(one.device_s for one in self._bins) / len(self._bins)
        right = next(i for i, one in enumerate(hull) if i and one.device_s >= middle)
        left = hull[right - 1]
        self._at = left
        self.slope = (hull[right].delay_s - left.delay_s) / (hull[right].device_s - left.device_s)


def _lower_hull(points: deque[Arrival]) -> list[Arrival]:
    """Of points in order of time."""
    hull: list[Arrival] = []
    for point in points:
        while len(hull) > 1 and _turns_right(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_right(one: Arrival, other: Arrival, third: Arrival) -> bool:
    rise = (other.delay_s - one.delay_s) * (third.device_s - one.device_s)
    return rise >= (third.delay_s - one.delay_s) * (other.device_s - one.device_s)
