"""AD8232 board on a sketch that prints `micros()` before each reading: `123456,512`; `!` is an electrode off.

A loop with `delay()` does not sample evenly. Its readings are drawn onto a grid of 250 samples/s (or `fs=`,
not above the rate of the lines), so that the sketch's rate need not be known, and a gap is as long as its
clock says.
"""

from functools import partial

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.ad8232 import COUNTS_PER_MV, FS_HZ, MIDDLE, MOST_COUNT, PROFILE, check_rate
from firmware_bridge.devices.sample_run import SampleRun
from firmware_bridge.devices.sketch_decoder import SketchDecoder
from firmware_bridge.devices.support import Counts, DeviceSupport, Emulation, Message
from firmware_bridge.devices.time_grid import GridPoints, TimeGrid
from firmware_bridge.packets import Damage, Packet

_US_PER_S, _NS_PER_S = 1e6, 1e9
_TURN_US = 2**32
_LONGEST_TIME, _LONGEST_VALUE = 10, 4
_LONGEST_GAP_S = 1800


class TimedReadings:
    """Lines of a time in microseconds (32 bits) and a reading.

    A time that does not follow the one before it counts once the next one follows it.
    """

    def __init__(self, fs_hz: float) -> None:
        self._fs_hz = fs_hz
        self._grid = TimeGrid(fs_hz)
        self._has_begun = False
        self._held: tuple[int, int] | None = None

    def take(self, line: bytes, run: SampleRun) -> list[Packet] | None:
        """Draw the reading onto the grid."""
        reading = timed_reading(line)
        return None if reading is None else self._placed(reading, run)

    def miss(self, run: SampleRun) -> None:
        """The clock will tell how long the electrode was off."""

    def reset(self) -> None:
        """Forget the clock: plugged in again, most boards start anew."""
        self._has_begun, self._held = False, None

    def _placed(self, reading: tuple[int, int], run: SampleRun) -> list[Packet]:
        if not self._has_begun:
            self._has_begun = True
            return self._drawn(self._grid.begin(*reading), run)
        held, self._held = self._held, None
        if self._grid.is_near(reading[0]):
            return [*_misfit(held, run), *self._drawn(self._grid.add(*reading), run)]
        if held and self._grid.is_near(reading[0], held[0]):
            return [*self._resumed(held, run), *self._drawn(self._grid.add(*reading), run)]
        self._held = reading
        return _misfit(held, run)

    def _resumed(self, held: tuple[int, int], run: SampleRun) -> list[Packet]:
        if self._grid.is_later(held[0]):
            return self._drawn(self._grid.add(*held), run)
        stepped = Damage(0, "the sketch's clock began anew; lost samples are not known")
        return [*run.taken(), stepped, *self._drawn(self._grid.begin(*held), run)]

    def _drawn(self, points: GridPoints, run: SampleRun) -> list[Packet]:
        told: list[Packet] = list(run.taken()) if points.lost_before else []
        run.lost_before += points.lost_before
        run.rows.extend((value,) for value in points.values)
        run.last_sample_ns = round(points.last_index * _NS_PER_S / self._fs_hz)
        return told


def _misfit(held: tuple[int, int] | None, run: SampleRun) -> list[Packet]:
    if held is None:
        return []
    return [*run.taken(), Damage(0, "a time that fits no neighbour; is fs= above the lines' rate?")]


def timed_reading(line: bytes) -> tuple[int, int] | None:
    """Microseconds and counts; `None` where the line says anything else."""
    time, _, value = (word.strip() for word in line.partition(b","))
    if not (time.isdigit() and value.isdigit()) or len(time) > _LONGEST_TIME or len(value) > _LONGEST_VALUE:
        return None
    return (int(time), int(value)) if int(time) < _TURN_US and int(value) <= MOST_COUNT else None


def _encoded(fs_hz: float, counts: Counts, first_index: int) -> list[Message]:
    values = np.asarray(counts)[:, 0].tolist()
    times_us = (
        round(i * _US_PER_S / fs_hz) % _TURN_US for i in range(first_index, first_index + len(values))
    )
    return [("", b"%d,%d\r\n" % line) for line in zip(times_us, values, strict=True)]


def support(fs_hz: float = FS_HZ) -> DeviceSupport:
    """The board on a grid of this rate.

    Raises:
        RateError: no rate for an ECG.
    """
    check_rate(fs_hz)
    return DeviceSupport(
        device=Device("ad8232_timed", fs_hz, ("ECG",), adc_gain=COUNTS_PER_MV, baseline=MIDDLE),
        summary="AD8232, `micros()` and a reading a line of text (serial)",
        decodes=(f"ECG drawn at {fs_hz:g} Hz, 10 bits", "sketch's clock", "electrodes off"),
        status="from the published sketch; never on the board itself",
        make_decoder=lambda: SketchDecoder(TimedReadings(fs_hz)),
        emulation=Emulation(
            partial(_encoded, fs_hz), 1, 0, MOST_COUNT, longest_gap=round(_LONGEST_GAP_S * fs_hz) - 1
        ),
        serial=PROFILE,
        at_rate=support,
    )


SUPPORT = support()
