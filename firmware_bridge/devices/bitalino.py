"""BITalino (r)evolution on Bluetooth serial: 1000 samples/s of 10 bits, or 100 (`fs=100`).

The ECG sensor sits on A2. One channel makes frames of 3 bytes: 6 bits of it, four digital bits and its upper
4 bits, then a number (0 to 15) and a CRC of 4 bits. Nothing marks the beginning of a frame, so that after
damage one counts only if two more continue it. The number turns over after 16 frames: of a longer gap only
the remainder is known. Commands: rate (`fs` 000011), channels and start (`A6..A1` 01), stop 00.
Source: BITalino (r)evolution, protocol table; the sensor's gain of 1100 and 3.3 V supply are its data
sheet's.
"""

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.frame_counter import Counting, FrameCounter
from firmware_bridge.devices.frame_decoder import FrameDecoder
from firmware_bridge.devices.framing import FrameFormat
from firmware_bridge.devices.reading import Reading
from firmware_bridge.devices.support import (
    Counts,
    DeviceSupport,
    Emulation,
    Message,
    RateError,
    SerialProfile,
)

_RATE_CODES = {1000.0: 3, 100.0: 2}
_SET_RATE, _START, _STOP = 0b000011, 0b01, b"\x00"
_CHANNEL = 1  # A2, from A1 = 0
_FRAME_BYTES = 3
_NUMBERS = 16
_COUNTS_PER_MV = 1024 * 1100 / 3300  # 10 bits over 3.3 V, gain 1100
_MIDDLE = 512


def _times_x4(remainder: int) -> int:
    for _ in range(4):
        remainder = remainder << 1 ^ (0x13 if remainder & 8 else 0)
    return remainder


_TIMES_X4 = tuple(_times_x4(remainder) for remainder in range(16))


def crc4(frame: bytes) -> int:
    """CRC of x^4 + x + 1 over all but the last four bits, which are taken as 0."""
    remainder = 0
    for octet in (*frame[:-1], frame[-1] & 0xF0):
        remainder = _TIMES_X4[remainder] ^ octet >> 4
        remainder = _TIMES_X4[remainder] ^ octet & 0x0F
    return remainder


def _is_frame(frame: bytes) -> bool:
    return frame[-1] & 0x0F == crc4(frame)


_FORMAT = FrameFormat(
    head_bytes=_FRAME_BYTES,
    size=lambda frame: _FRAME_BYTES if _is_frame(frame) else 0,
    is_whole=_is_frame,
    steps=lambda frame, later: ((later[-1] >> 4) - (frame[-1] >> 4)) % _NUMBERS,
    n_followers=2,
)


def _read(frame: bytes) -> Reading:
    count = (frame[1] & 0x0F) << 6 | frame[0] >> 2
    return Reading(((count,),), tick=frame[-1] >> 4)


def _decoder() -> FrameDecoder:
    return FrameDecoder(_FORMAT, _read, FrameCounter(Counting(_NUMBERS, longest=_NUMBERS - 1)))


def bitalino_frame(number: int, count: int) -> bytes:
    """Encode one frame of one channel."""
    unchecked = bytes([(count & 0x3F) << 2, count >> 6, number % _NUMBERS << 4])
    return unchecked[:-1] + bytes([unchecked[-1] | crc4(unchecked)])


def _encoded(counts: Counts, first_index: int) -> list[Message]:
    return [("", bitalino_frame(i, n)) for i, n in enumerate(np.asarray(counts)[:, 0].tolist(), first_index)]


def support(fs_hz: float = 1000.0) -> DeviceSupport:
    """The board at one of its rates.

    Raises:
        RateError: not a rate that carries an ECG.
    """
    if fs_hz not in _RATE_CODES:
        raise RateError("BITalino sends an ECG at 1000 or 100 Hz")
    start = bytes([_RATE_CODES[fs_hz] << 6 | _SET_RATE, 1 << 2 + _CHANNEL | _START])
    return DeviceSupport(
        device=Device("bitalino", fs_hz, ("A2",), adc_gain=_COUNTS_PER_MV, baseline=_MIDDLE),
        summary="BITalino (r)evolution, ECG sensor on A2 (Bluetooth serial)",
        decodes=(f"ECG {fs_hz:g} Hz, 10 bits", "frame numbers (16), CRC"),
        status="from the published format, and as another driver reads it; never on the board itself",
        make_decoder=_decoder,
        emulation=Emulation(_encoded, 1, 0, 1023, longest_gap=_NUMBERS - 1),
        serial=SerialProfile(115_200, start=start, stop=_STOP),
        at_rate=support,
    )


SUPPORT = support()
