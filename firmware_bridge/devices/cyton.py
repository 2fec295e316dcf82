"""OpenBCI Cyton through its USB dongle: 250 samples/s of 24 bits, started by `b` and stopped by `s`.

Frame of 33 bytes: A0, u8 number, 8 x i24 big-endian, 6 auxiliary bytes, C0 to C6. There is no checksum, so
that a frame counts only if it continues the one before it or is continued by the next. The number turns over
after 256 frames: of a longer gap (1.02 s) only the remainder is known.
The first three of the eight channels are the leads; a Daisy board (16 channels, in turns) is not read.
Source: docs.openbci.com, Cyton data format.
"""

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.frame_counter import Counting, FrameCounter
from firmware_bridge.devices.frame_decoder import FrameDecoder
from firmware_bridge.devices.framing import FrameFormat
from firmware_bridge.devices.int24 import from_int24_be, to_int24_be
from firmware_bridge.devices.reading import Reading
from firmware_bridge.devices.support import Counts, DeviceSupport, Emulation, Message, SerialProfile

FS_HZ = 250
LEADS = ("CH1", "CH2", "CH3")
_START, _FIRST_STOP, _LAST_STOP = 0xA0, 0xC0, 0xC6
_CHANNELS, _AUX_BYTES = 8, 6
_FRAME_BYTES = 2 + 3 * _CHANNELS + _AUX_BYTES + 1
_NUMBERS = 256
_COUNTS_PER_MV = (2**23 - 1) * 24 / 4500  # gain 24, 4.5 V reference

_FORMAT = FrameFormat(
    head_bytes=2,
    size=lambda head: _FRAME_BYTES if head[0] == _START else 0,
    is_whole=lambda frame: _FIRST_STOP <= frame[-1] <= _LAST_STOP,
    steps=lambda head, later: (later[1] - head[1]) % _NUMBERS,
    n_followers=1,
)


def _read(frame: bytes) -> Reading:
    return Reading((from_int24_be(frame[2 : 2 + 3 * len(LEADS)]),), tick=frame[1])


def _decoder() -> FrameDecoder:
    return FrameDecoder(_FORMAT, _read, FrameCounter(Counting(_NUMBERS, longest=_NUMBERS - 1)))


def cyton_frame(number: int, channels: list[int]) -> bytes:
    """Encode one frame; channels that are not given are 0."""
    silent = [0] * (_CHANNELS - len(channels))
    body = to_int24_be([*channels, *silent]) + bytes(_AUX_BYTES)
    return bytes([_START, number % _NUMBERS]) + body + bytes([_FIRST_STOP])


def _encoded(counts: Counts, first_index: int) -> list[Message]:
    return [("", cyton_frame(i, row)) for i, row in enumerate(np.asarray(counts).tolist(), first_index)]


SUPPORT = DeviceSupport(
    device=Device("cyton", FS_HZ, LEADS, adc_gain=_COUNTS_PER_MV),
    summary="OpenBCI Cyton, first three channels (USB dongle)",
    decodes=("ECG 250 Hz, three leads", "frame numbers (256)"),
    status="from the published format, and as another driver reads it; never on the board itself",
    make_decoder=_decoder,
    emulation=Emulation(_encoded, 1, -(2**23), 2**23 - 1, longest_gap=_NUMBERS - 1),
    serial=SerialProfile(115_200, start=b"b", stop=b"s"),
)
