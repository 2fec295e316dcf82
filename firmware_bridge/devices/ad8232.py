"""AD8232 board on any microcontroller that prints one reading a line, as SparkFun's sketch does.

`512` is a reading of 10 bits, `!` says that an electrode is off and stands for one reading too; with two
boards a line is `512,498`. Nobody but the sketch's author knows its rate: `fs=` says it. No counter, no
clock. Source: sparkfun/AD8232_Heart_Rate_Monitor; Analog Devices AD8232 data sheet.
"""

from functools import partial

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.sample_run import SampleRun
from firmware_bridge.devices.sketch_decoder import SketchDecoder
from firmware_bridge.devices.support import (
    Counts,
    DeviceSupport,
    Emulation,
    Message,
    RateError,
    SerialProfile,
)
from firmware_bridge.packets import Packet

FS_HZ = 250.0
COUNTS_PER_MV = 1024 * 1100 / 3300  # 10 bits over 3.3 V, gain 1100 of the SparkFun board
MIDDLE, MOST_COUNT = 512, 1023
PROFILE = SerialProfile(9600, line_end=b"\n")
_RATES_HZ = (50.0, 2000.0)
_LONGEST_WORD = 6


class EvenReadings:
    """Lines of `n_leads` readings, each one sample later than the one before."""

    def __init__(self, n_leads: int) -> None:
        self._n_leads = n_leads

    def take(self, line: bytes, run: SampleRun) -> list[Packet] | None:
        """Add the readings of a line; `None` where it holds none, or too few or many."""
        row = readings(line)
        if row is None or len(row) != self._n_leads:
            return None
        run.rows.append(row)
        return []

    def miss(self, run: SampleRun) -> None:
        """An electrode that is off stands for one reading."""
        run.lost_before += 1

    def reset(self) -> None:
        """Nothing is carried over from line to line."""


def readings(line: bytes) -> tuple[int, ...] | None:
    """The readings of a line; `None` where it holds anything else."""
    words = line.split(b",")
    if not all(word.strip().isdigit() and len(word) <= _LONGEST_WORD for word in words):
        return None
    row = tuple(int(word) for word in words)
    return row if max(row) <= MOST_COUNT else None


def _encoded(counts: Counts, _first_index: int) -> list[Message]:
    rows = np.asarray(counts).tolist()
    return [("", b",".join(b"%d" % count for count in row) + b"\r\n") for row in rows]


def check_rate(fs_hz: float) -> None:
    """Raises `RateError` for a rate at which no ECG is sampled."""
    if not _RATES_HZ[0] <= fs_hz <= _RATES_HZ[1]:
        raise RateError(f"an AD8232 is read at {_RATES_HZ[0]:g} to {_RATES_HZ[1]:g} Hz")


def _support(name: str, leads: tuple[str, ...], fs_hz: float = FS_HZ) -> DeviceSupport:
    check_rate(fs_hz)
    return DeviceSupport(
        device=Device(name, fs_hz, leads, adc_gain=COUNTS_PER_MV, baseline=MIDDLE),
        summary=f"AD8232, {len(leads)} reading(s) a line of text (serial)",
        decodes=("ECG at the rate that fs= says, 10 bits", "electrodes off"),
        status="from the published sketch; never on the board itself",
        make_decoder=lambda: SketchDecoder(EvenReadings(len(leads))),
        emulation=Emulation(_encoded, 1, 0, MOST_COUNT),
        serial=PROFILE,
        at_rate=partial(_support, name, leads),
        asks_rate=True,
    )


SUPPORT = _support("ad8232", ("ECG",))
SUPPORT_PAIR = _support("ad8232_pair", ("ECG1", "ECG2"))
