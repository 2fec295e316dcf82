"""What one frame of a device says."""

from dataclasses import dataclass

from firmware_bridge.packets import HeartRate


@dataclass(frozen=True, slots=True)
class Reading:
    """`samples` are rows of leads, oldest first; `tick` the frame's counter, where it has one.

    `clock_ns` is the device's time at the last sample. `heart_rate` is told when it changes: devices repeat
    it in each frame.
    """

    samples: tuple[tuple[int, ...], ...] = ()
    tick: int = 0
    clock_ns: int | None = None
    heart_rate: HeartRate | None = None
