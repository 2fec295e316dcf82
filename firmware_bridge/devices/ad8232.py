"""AD8232 board on any microcontroller that prints one reading a line, as SparkFun's sketch does.

`512` is a reading of 10 bits, `!` says that an electrode is off and stands for one reading too; with two
boards a line is `512,498`. Nobody but the sketch's author knows its rate: `fs=` says it. No counter, no
clock. Source: sparkfun/AD8232_Heart_Rate_Monitor; Analog Devices AD8232 data sheet.
"""

from functools import partial

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.sample_run import SampleRun
from firmware_bridge.devices.support import (
    Counts,
    DeviceSupport,
    Emulation,
    Message,
    RateError,
    SerialProfile,
)
from firmware_bridge.devices.text_lines import LineCutter
from firmware_bridge.packets import Contact, Damage, Packet

FS_HZ = 250.0
LEADS_OFF = b"!"
COUNTS_PER_MV = 1024 * 1100 / 3300  # 10 bits over 3.3 V, gain 1100 of the SparkFun board
MIDDLE, MOST_COUNT = 512, 1023
PROFILE = SerialProfile(9600, line_end=b"\n")
_RATES_HZ = (50.0, 2000.0)
_LONGEST_WORD = 6


class Ad8232Decoder:
    """Lines of `n_leads` readings."""

    def __init__(self, n_leads: int) -> None:
        self._n_leads = n_leads
        self._lines = LineCutter()
        self._run = SampleRun()
        self._electrodes = Electrodes()

    def feed(self, payload: bytes, channel: str = "") -> list[Packet]:  # noqa: ARG002 - Decoder protocol
        """Decode the lines that are complete; one `SampleBlock` for each unbroken run of readings."""
        self._electrodes.begin_chunk()
        packets = [packet for line in self._lines.cut(payload) for packet in self._take(line)]
        return packets + self._run.taken()

    def reset(self) -> None:
        """Forget the line that was cut by the broken link."""
        self._lines.reset()

    def _take(self, line: bytes | Damage) -> list[Packet]:
        if isinstance(line, Damage):
            return [*self._run.taken(), line]
        if line == LEADS_OFF:
            before = self._run.taken()
            self._run.lost_before += 1
            return [*before, *self._electrodes.are_off()]
        row = readings(line)
        if row is None or len(row) != self._n_leads:
            return [*self._run.taken(), no_reading(line)]
        self._run.rows.append(row)
        return self._electrodes.are_on()


class Electrodes:
    """Tells `Contact` once a chunk while they are off, which is a sign of life, and once when they are on.

    A sketch that never says off does not watch its electrodes.
    """

    def __init__(self) -> None:
        self._are_off = False
        self._is_told = False

    def begin_chunk(self) -> None:
        """More bytes came."""
        self._is_told = False

    def are_off(self) -> list[Packet]:
        """The sketch said so."""
        told: list[Packet] = [] if self._is_told else [Contact(is_worn=False)]
        self._are_off = self._is_told = True
        return told

    def are_on(self) -> list[Packet]:
        """A reading came."""
        told: list[Packet] = [Contact(is_worn=True)] if self._are_off else []
        self._are_off = self._is_told = False
        return told


def readings(line: bytes) -> tuple[int, ...] | None:
    """The readings of a line; `None` where it holds anything else."""
    words = line.split(b",")
    if not all(word.strip().isdigit() and len(word) <= _LONGEST_WORD for word in words):
        return None
    row = tuple(int(word) for word in words)
    return row if max(row) <= MOST_COUNT else None


def no_reading(line: bytes) -> Damage:
    """A line that says nothing that is known, such as a greeting."""
    return Damage(len(line) + 1, "line without a reading")


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
        make_decoder=partial(Ad8232Decoder, len(leads)),
        emulation=Emulation(_encoded, 1, 0, MOST_COUNT),
        serial=PROFILE,
        at_rate=partial(_support, name, leads),
        asks_rate=True,
    )


SUPPORT = _support("ad8232", ("ECG",))
SUPPORT_PAIR = _support("ad8232_pair", ("ECG1", "ECG2"))
