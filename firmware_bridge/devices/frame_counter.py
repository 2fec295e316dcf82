"""Lost frames from a device's counter or clock ticks, as far as they can tell."""

from dataclasses import dataclass

from firmware_bridge.devices.reading import Reading
from firmware_bridge.packets import Damage

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Counting:
    """How a device counts.

    `modulus` ticks until the counter begins anew, `ticks_per_frame`, `tick_hz` where the ticks are a clock.
    A gap above `longest` frames is not believed. The count of a device that `outlives_link` goes on without
    us.
    """

    modulus: int
    longest: int
    ticks_per_frame: float = 1.0
    tick_hz: int | None = None
    outlives_link: bool = False

    def frames(self, tick: int, next_tick: int) -> int:
        """Frames from one to the other, 1 where they are neighbours; a whole turn where they are equal."""
        span = (next_tick - tick - 1) % self.modulus + 1
        return round(span / self.ticks_per_frame)


class FrameCounter:
    """Follows one device."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._tick: int | None = None
        self._link_was_lost = False
        self._ticks = 0

    @property
    def clock_ns(self) -> int | None:
        """The ticks as a clock that does not turn over; `None` where they are none."""
        return self._counting.tick_hz and self._ticks * NS_PER_S // self._counting.tick_hz

    def link_lost(self) -> None:
        """How long the outage is, a short counter cannot tell."""
        self._link_was_lost = not self._counting.outlives_link

    def advance(self, reading: Reading) -> tuple[int, list[Damage]]:
        """Frames lost before this one, and a `Damage` where the counter was set or restarted."""
        tick = reading.tick
        before, self._tick = self._tick, tick
        if before is None:
            self._ticks = tick
            return 0, []
        if self._link_was_lost:
            self._link_was_lost = False
            self._ticks -= (before - tick) % self._counting.modulus  # never forward: the host's clock counts
            return 0, []
        frames = max(1, self._counting.frames(before, tick))
        self._ticks += (tick - before - 1) % self._counting.modulus + 1
        if frames - 1 > self._counting.longest:
            return 0, [
                Damage(0, f"the device's counter stepped from {before} to {tick}; lost samples are not known")
            ]
        return frames - 1, []
