"""ProtoCentral HeartyPatch: ECG over TCP (port 4567), 128 samples/s or what its firmware was built for.

Frame `0A FA 30 00 03 payload F0 0B` (older firmware `00 0B`). Payload (little-endian): u32 number of the
frame, u32 s and u32 us of the device's clock, u32 RR ms, 8 x i32 ECG: the MAX30003's 18 bits, shifted left
by 14. The number begins anew when the chip's buffer ran over; the clock then says how long that was.
Source: patchinc/heartypatch, firmware/heartypatch-stream-tcp (max30003.c, packet_format.h).
"""

import struct

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.frame_counter import NS_PER_S, Counting, FrameCounter
from firmware_bridge.devices.frame_decoder import FrameDecoder
from firmware_bridge.devices.framing import FrameFormat
from firmware_bridge.devices.openview_frames import heart_rate
from firmware_bridge.devices.reading import Reading
from firmware_bridge.devices.support import (
    Counts,
    DeviceSupport,
    Emulation,
    Message,
    RateError,
    SerialProfile,
)
from firmware_bridge.packets import Damage

RATES_HZ = (128.0, 256.0, 512.0)
SAMPLES_PER_FRAME = 8
_START = b"\x0a\xfa\x30\x00\x03"
_FOOTS = (b"\xf0\x0b", b"\x00\x0b")
_NUMBER = struct.Struct("<I")
_PAYLOAD = struct.Struct("<4I8i")
_HEAD_BYTES = len(_START) + _NUMBER.size
_FRAME_BYTES = len(_START) + _PAYLOAD.size + len(_FOOTS[0])
_SHIFT = 14
_COUNTS_PER_MV = 2**17 * 20 / 1000  # gain 20, 1 V reference
_LONGEST_GAP_S = 7 * 86_400
_US_PER_S = 1_000_000


def _number(head: bytes) -> int:
    return int(_NUMBER.unpack_from(head, len(_START))[0])


_FORMAT = FrameFormat(
    head_bytes=_HEAD_BYTES,
    size=lambda head: _FRAME_BYTES if head.startswith(_START) else 0,
    is_whole=lambda frame: frame.endswith(_FOOTS),
    steps=lambda head, later: (_number(later) - _number(head)) % 2**32,
    n_followers=1,
)


def _read(frame: bytes) -> Reading:
    number, seconds, microseconds, rr_ms, *ecg = _PAYLOAD.unpack_from(frame, len(_START))
    return Reading(
        tuple((count >> _SHIFT,) for count in ecg),
        tick=number,
        clock_ns=seconds * NS_PER_S + microseconds * 1000,
        heart_rate=heart_rate(round(60_000 / rr_ms), rr_ms) if rr_ms else None,
    )


class _PatchCounter:
    """Counts by the frame's number, and by its clock where the number began anew."""

    def __init__(self, fs_hz: float) -> None:
        longest = round(_LONGEST_GAP_S * fs_hz / SAMPLES_PER_FRAME)
        self._numbers = FrameCounter(Counting(2**32, longest, outlives_link=True))
        self._frame_ns = SAMPLES_PER_FRAME * NS_PER_S / fs_hz
        self.clock_ns: int | None = None

    def link_lost(self) -> None:
        """The patch numbers its frames on."""
        self._numbers.link_lost()

    def advance(self, reading: Reading) -> tuple[int, list[Damage]]:
        """Frames lost; a `Damage` where neither number nor clock can tell."""
        before_ns, self.clock_ns = self.clock_ns, reading.clock_ns
        lost, stepped = self._numbers.advance(reading)
        if not stepped or before_ns is None or reading.clock_ns is None:
            return lost, stepped
        elapsed_ns = reading.clock_ns - before_ns
        if 0 < elapsed_ns < _LONGEST_GAP_S * NS_PER_S:
            return max(0, round(elapsed_ns / self._frame_ns) - 1), []
        return 0, stepped


def patch_frame(number: int, time_us: int, ecg: list[int], rr_ms: int = 0) -> bytes:
    """Encode one frame of eight samples."""
    seconds, microseconds = divmod(time_us, _US_PER_S)
    shifted = [count << _SHIFT for count in ecg]
    return _START + _PAYLOAD.pack(number, seconds, microseconds, rr_ms, *shifted) + _FOOTS[0]


def support(fs_hz: float = RATES_HZ[0]) -> DeviceSupport:
    """The patch at the rate that its firmware was built for.

    Raises:
        RateError: not a rate of the patch.
    """
    if fs_hz not in RATES_HZ:
        raise RateError(f"the HeartyPatch samples at {', '.join(f'{rate:g}' for rate in RATES_HZ)} Hz")

    def encoded(counts: Counts, first_index: int) -> list[Message]:
        eights = np.reshape(counts[:, 0], (-1, SAMPLES_PER_FRAME)).tolist()
        first = first_index // SAMPLES_PER_FRAME
        frame_us = SAMPLES_PER_FRAME * _US_PER_S / fs_hz
        return [("", patch_frame(n, round(n * frame_us), eight)) for n, eight in enumerate(eights, first)]

    return DeviceSupport(
        device=Device("heartypatch", fs_hz, ("ECG",), adc_gain=_COUNTS_PER_MV),
        summary="ProtoCentral HeartyPatch (TCP)",
        decodes=(f"ECG {fs_hz:g} Hz", "RR", "device clock, frame numbers"),
        status="from the published firmware; never on the patch itself",
        make_decoder=lambda: FrameDecoder(_FORMAT, _read, _PatchCounter(fs_hz)),
        emulation=Emulation(
            encoded, SAMPLES_PER_FRAME, -(2**17), 2**17 - 1, longest_gap=round(_LONGEST_GAP_S * fs_hz)
        ),
        serial=SerialProfile(115_200, tcp_port=4567),
        at_rate=support,
    )


SUPPORT = support()
