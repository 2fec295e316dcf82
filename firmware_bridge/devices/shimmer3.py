"""Shimmer3 ECG unit on Bluetooth serial: 512 samples/s of 24 bits or as configured (`fs=`), with its clock.

The unit has to be configured beforehand (Consensys): the ECG of chip 1 at 24 bits, gain 6, no other sensor;
for `shimmer3_exg2` chip 2 too. Packet: 00, u24 little-endian ticks of 1/32768 s, then of each chip a status
byte and two i24 big-endian: LL-RA and LA-RA of chip 1; of chip 2 its second, Vx-WCT. Commands are answered
by FF. Nothing ends a packet, so that its clock must continue that of its neighbours; it turns over after
512 s. The status byte says nothing unless lead-off detection is configured, and is not used.
Source: Shimmer3 ECG user guide 1.12; channel order and widths as in brainflow's shimmer3.cpp (MIT).
"""

from collections.abc import Sequence

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.frame_counter import Counting, FrameCounter
from firmware_bridge.devices.frame_decoder import FrameDecoder
from firmware_bridge.devices.framing import FrameFormat
from firmware_bridge.devices.int24 import from_int24_be, to_int24_be
from firmware_bridge.devices.reading import Reading
from firmware_bridge.devices.support import (
    Counts,
    DeviceSupport,
    Emulation,
    Message,
    RateError,
    SerialProfile,
)

TICK_HZ = 32_768
_DATA, _ACK = 0, b"\xff"
_START, _STOP = b"\x07", b"\x20"
_HEAD_BYTES = 4
_CHIP_BYTES = 7
_TURN = 2**24
_COUNTS_PER_MV = (2**23 - 1) * 6 / 2420  # gain 6, 2.42 V reference
_RATES_HZ = (64.0, 2048.0)


def _tick(head: bytes) -> int:
    return int.from_bytes(head[1:_HEAD_BYTES], "little")


def _format(n_chips: int, counting: Counting) -> FrameFormat:
    size = _HEAD_BYTES + _CHIP_BYTES * n_chips
    return FrameFormat(
        head_bytes=_HEAD_BYTES,
        size=lambda head: size if head[0] == _DATA else 0,
        is_whole=lambda _frame: True,
        steps=lambda head, later: counting.frames(_tick(head), _tick(later)),
        n_followers=2,
        idle=_ACK,
    )


def _read(frame: bytes) -> Reading:
    row = from_int24_be(frame[_HEAD_BYTES + 1 : _HEAD_BYTES + _CHIP_BYTES])
    second_chip = frame[_HEAD_BYTES + _CHIP_BYTES :]
    return Reading((row + from_int24_be(second_chip[-3:]),), tick=_tick(frame))


def shimmer_packet(tick: int, row: Sequence[int]) -> bytes:
    """Encode one packet of two leads, or of three, the last on chip 2."""
    second_chip = b"\x00" + to_int24_be([0, row[2]]) if row[2:] else b""
    head = bytes([_DATA]) + (tick % _TURN).to_bytes(3, "little")
    return head + b"\x00" + to_int24_be(row[:2]) + second_chip


def _support(name: str, leads: tuple[str, ...], fs_hz: float) -> DeviceSupport:
    if not _RATES_HZ[0] <= fs_hz <= _RATES_HZ[1]:
        raise RateError(f"a Shimmer3 samples its ECG at {_RATES_HZ[0]:g} to {_RATES_HZ[1]:g} Hz")
    period = round(TICK_HZ / fs_hz)
    counting = Counting(_TURN, longest=_TURN // period, ticks_per_frame=period, tick_hz=TICK_HZ)

    def encoded(counts: Counts, first_index: int) -> list[Message]:
        rows = np.asarray(counts).tolist()
        return [("", shimmer_packet(i * period, row)) for i, row in enumerate(rows, first_index)]

    return DeviceSupport(
        device=Device(name, TICK_HZ / period, leads, adc_gain=_COUNTS_PER_MV),
        summary=f"Shimmer3 ECG unit, {', '.join(leads)} (Bluetooth serial)",
        decodes=(f"ECG {TICK_HZ / period:g} Hz, {len(leads)} leads", "device clock"),
        status="from the published format, and as another driver reads it; never on the unit itself",
        make_decoder=lambda: FrameDecoder(_format(len(leads) - 1, counting), _read, FrameCounter(counting)),
        emulation=Emulation(encoded, 1, -(2**23), 2**23 - 1, longest_gap=_TURN // period - 1),
        serial=SerialProfile(115_200, start=_START, stop=_STOP),
        at_rate=lambda rate_hz: _support(name, leads, rate_hz),
    )


SUPPORT = _support("shimmer3", ("II", "I"), 512.0)
SUPPORT_EXG2 = _support("shimmer3_exg2", ("II", "I", "V"), 512.0)
