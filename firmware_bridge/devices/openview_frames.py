"""The frames of ProtoCentral's OpenView family: `0A FA len16 type payload 00 0B`, little-endian, no CRC.

Type and length together name the payload. Seven bytes of a frame are known, so that one counts by itself.
Source: Protocentral/protocentral_openview2 and the firmware of each board.
"""

import struct
from collections.abc import Callable, Mapping

from firmware_bridge.devices.frame_decoder import FrameDecoder
from firmware_bridge.devices.framing import FrameFormat
from firmware_bridge.devices.reading import Reading
from firmware_bridge.packets import HeartRate

_HEAD = struct.Struct("<2sHB")
_START = b"\x0a\xfa"
_FOOT = b"\x00\x0b"

Payloads = Mapping[tuple[int, int], Callable[[bytes], Reading]]
"""How to read a payload of (type, length)."""


def openview_format(payloads: Payloads) -> FrameFormat:
    """Frames with these payloads; all others are damage."""

    def size(head: bytes) -> int:
        start, length, kind = _HEAD.unpack(head)
        is_known = start == _START and (kind, length) in payloads
        return _HEAD.size + length + len(_FOOT) if is_known else 0

    return FrameFormat(_HEAD.size, size, lambda frame: frame.endswith(_FOOT))


def openview_decoder(payloads: Payloads) -> FrameDecoder:
    """A decoder of frames with these payloads."""

    def read(frame: bytes) -> Reading:
        _, length, kind = _HEAD.unpack_from(frame)
        return payloads[kind, length](frame[_HEAD.size : -len(_FOOT)])

    return FrameDecoder(openview_format(payloads), read)


def openview_frame(kind: int, payload: bytes) -> bytes:
    """Encode one frame, the inverse of the decoder."""
    return _HEAD.pack(_START, len(payload), kind) + payload + _FOOT


def heart_rate(bpm: int, rr_ms: int = 0, *, contact: bool | None = None) -> HeartRate | None:
    """The board's own figures; 0 bpm is none yet, and told only together with the contact."""
    if not bpm and contact is None:
        return None
    return HeartRate(bpm, (float(rr_ms),) if rr_ms else (), contact)
