"""ProtoCentral OpenView stream of the ADS1292R shield: `0A FA len16 type payload 00 0B`, 125 samples/s.

Payload (little-endian): i16 ECG, i16 respiration, u16 RR ms, u16 heart rate, one byte 0. There is no CRC,
no clock and no counter, so a packet counts only if length, type and both footer bytes are right, and lost
packets show by the damage between them or by time of arrival alone. Counts are the ADS1292R's 24 bits
shifted right by 8 at gain 6 and 2.42 V reference: 2.42 V / 6 / 2**15 = 12.31 uV a count.
Source: Protocentral/protocentral-ads1292r-arduino.
"""

import struct

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.support import Counts, DeviceSupport, Emulation, Message, SerialProfile
from firmware_bridge.packets import Damage, HeartRate, Packet, SampleBlock

FS_HZ = 125
BAUD = 57_600
_HEAD = b"\x0a\xfa\x09\x00\x02"
_FOOT = b"\x00\x0b"
_PAYLOAD = struct.Struct("<hhHHx")
_SIZE = len(_HEAD) + _PAYLOAD.size + len(_FOOT)
_COUNTS_PER_MV = 2**15 * 6 / 2420


class OpenViewDecoder:
    """A byte stream in any cut; after damage it searches the next whole packet."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._skipped = 0
        self._heart_rate: HeartRate | None = None

    def feed(self, payload: bytes, channel: str = "") -> list[Packet]:  # noqa: ARG002 - Decoder protocol
        """Decode what is complete; one `SampleBlock` for each run of unbroken packets."""
        self._pending += payload
        packets: list[Packet] = []
        ecg: list[int] = []
        while (fields := self._next()) is not None:
            if self._skipped:
                packets += [*_block(ecg), self._damage()]
                ecg = []
            ecg.append(fields[0])
            packets += self._heart_rates(fields[2], fields[3])
        return packets + _block(ecg)

    def reset(self) -> None:
        """Forget the packet that was cut by the broken link."""
        self._pending.clear()
        self._skipped = 0
        self._heart_rate = None

    def _next(self) -> tuple[int, ...] | None:
        """Fields of the next packet, after dropping what cannot begin one."""
        while len(self._pending) >= _SIZE:
            if self._pending.startswith(_HEAD) and self._pending[_SIZE - len(_FOOT) : _SIZE] == _FOOT:
                fields: tuple[int, ...] = _PAYLOAD.unpack_from(self._pending, len(_HEAD))
                del self._pending[:_SIZE]
                return fields
            following = self._pending.find(_HEAD[:1], 1)
            drop = following if following > 0 else len(self._pending)
            self._skipped += drop
            del self._pending[:drop]
        return None

    def _damage(self) -> Damage:
        skipped, self._skipped = self._skipped, 0
        return Damage(skipped, "bytes between packets")

    def _heart_rates(self, rr_ms: int, bpm: int) -> list[Packet]:
        """The shield repeats its heart rate with each sample: only changes are told."""
        told = HeartRate(bpm, (float(rr_ms),) if rr_ms else ())
        if not bpm or told == self._heart_rate:
            return []
        self._heart_rate = told
        return [told]


def _block(ecg: list[int]) -> list[Packet]:
    return [SampleBlock(np.array(ecg, np.int32).reshape(-1, 1))] if ecg else []


def openview_packet(ecg: int, respiration: int = 0, rr_ms: int = 0, bpm: int = 0) -> bytes:
    """Encode one packet, the inverse of the decoder."""
    return _HEAD + _PAYLOAD.pack(ecg, respiration, rr_ms, bpm) + _FOOT


def _encoded(counts: Counts, _first_index: int) -> list[Message]:
    return [("", openview_packet(int(count))) for count in counts[:, 0]]


SUPPORT = DeviceSupport(
    device=Device("openview", FS_HZ, ("ECG",), adc_gain=_COUNTS_PER_MV),
    summary="ProtoCentral ADS1292R shield, OpenView stream (USB serial)",
    decodes=("ECG 125 Hz", "heart rate, RR"),
    status="checked on a pseudo-terminal; never on the shield itself",
    make_decoder=OpenViewDecoder,
    emulation=Emulation(_encoded, 1, -(2**15), 2**15 - 1),
    serial=SerialProfile(BAUD),
)
