"""Readings at uneven times, drawn onto a grid of even ones."""

import math
from dataclasses import dataclass

_US_PER_S = 1e6
_LATE_PERIODS = 1.5
_EARLY_US = 1.0
_LONGEST_GAP_S = 1800


@dataclass(frozen=True, slots=True)
class GridPoints:
    """Values at consecutive points, up to `last_index`; so many points before them are lost."""

    values: tuple[int, ...] = ()
    last_index: int = 0
    lost_before: int = 0


class TimeGrid:
    """Microseconds of 32 bits and values in, values at `fs_hz` out, by straight lines between the readings.

    Readings more than one and a half periods apart have a gap between them.
    """

    def __init__(self, fs_hz: float) -> None:
        self._period_us = _US_PER_S / fs_hz
        self._last: tuple[int, int] | None = None
        """Time since the grid's first reading, and value, of the last reading."""
        self._clock_us = 0
        self._first_index = 0
        self._index = 0

    def begin(self, time_us: int, value: int) -> GridPoints:
        """The first reading, also after an outage: the grid begins there, and its index goes on."""
        self._clock_us, self._last = time_us, (0, value)
        self._first_index = self._index
        return GridPoints((value,), self._index)

    def is_near(self, time_us: int, other_us: int | None = None) -> bool:
        """Whether a reading can be the next one of an unbroken row."""
        return 0 < self._after(time_us, other_us) <= _LATE_PERIODS * self._period_us

    def is_later(self, time_us: int) -> bool:
        """Whether the clock runs on, if with a gap; else it was set anew."""
        return 0 < self._after(time_us) <= _LONGEST_GAP_S * _US_PER_S

    def add(self, time_us: int, value: int) -> GridPoints:
        """A later reading: the points up to it."""
        assert self._last is not None
        before_us, before = self._last
        after_us = before_us + self._after(time_us)
        is_gap = not self.is_near(time_us)
        self._clock_us, self._last = time_us, (after_us, value)
        first, last = self._index - self._first_index + 1, self._point(after_us)
        self._index = max(self._index, self._first_index + last)
        if is_gap:
            return GridPoints((value,), self._index, max(0, last - first))
        slope = (value - before) / (after_us - before_us)
        at_us = [point * self._period_us - before_us for point in range(first, last + 1)]
        return GridPoints(tuple(round(before + slope * us) for us in at_us), self._index)

    def _after(self, time_us: int, other_us: int | None = None) -> int:
        return (time_us - (self._clock_us if other_us is None else other_us)) % 2**32

    def _point(self, us: int) -> int:
        return math.floor((us + _EARLY_US) / self._period_us)
