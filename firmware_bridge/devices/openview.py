"""ProtoCentral ADS1292R shield, OpenView frame of type 2 and 9 bytes, 125 samples/s.

Payload (little-endian): i16 ECG, i16 respiration, u16 RR ms, u16 heart rate, one byte 0. There is no CRC,
no clock and no counter, so lost frames show by the damage between them or by time of arrival alone.
Source: Protocentral/protocentral-ads1292r-arduino.
"""

import struct

from firmware_bridge.device import Device
from firmware_bridge.devices.frame_decoder import FrameDecoder
from firmware_bridge.devices.openview_frames import heart_rate, openview_decoder, openview_frame
from firmware_bridge.devices.reading import Reading
from firmware_bridge.devices.support import Counts, DeviceSupport, Emulation, Message, SerialProfile

FS_HZ = 125
_KIND = 2
_PAYLOAD = struct.Struct("<hhHHx")
_COUNTS_PER_MV = 2**15 * 6 / 2420  # 24 bits shifted right by 8, gain 6, 2.42 V reference


def _read(payload: bytes) -> Reading:
    ecg, _, rr_ms, bpm = _PAYLOAD.unpack(payload)
    return Reading(((ecg,),), heart_rate=heart_rate(bpm, rr_ms))


def _decoder() -> FrameDecoder:
    return openview_decoder({(_KIND, _PAYLOAD.size): _read})


def openview_packet(ecg: int, respiration: int = 0, rr_ms: int = 0, bpm: int = 0) -> bytes:
    """Encode one frame."""
    return openview_frame(_KIND, _PAYLOAD.pack(ecg, respiration, rr_ms, bpm))


def _encoded(counts: Counts, _first_index: int) -> list[Message]:
    return [("", openview_packet(int(count))) for count in counts[:, 0]]


SUPPORT = DeviceSupport(
    device=Device("openview", FS_HZ, ("ECG",), adc_gain=_COUNTS_PER_MV),
    summary="ProtoCentral ADS1292R shield, OpenView stream (USB serial)",
    decodes=("ECG 125 Hz", "heart rate, RR"),
    status="checked on a pseudo-terminal; never on the shield itself",
    make_decoder=_decoder,
    emulation=Emulation(_encoded, 1, -(2**15), 2**15 - 1),
    serial=SerialProfile(57_600),
)
