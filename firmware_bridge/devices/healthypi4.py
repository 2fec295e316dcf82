"""ProtoCentral HealthyPi v4, OpenView frame of type 2 and 20 bytes, 125 samples/s.

Payload (little-endian): i16 ECG, i16 respiration, u32 IR, u32 red, u16 temperature, u8 respiration rate,
SpO2, heart rate, two constants in place of a blood pressure, and the ADS1292R's status: a bit of its lower
five is set for each electrode that is off, and the ECG is 0 then. No CRC, no clock, no counter.
Source: Protocentral/protocentral_healthypi_v4, Healthypiv4_Arduino.ino.
"""

import struct

from firmware_bridge.device import Device
from firmware_bridge.devices.frame_decoder import FrameDecoder
from firmware_bridge.devices.openview_frames import heart_rate, openview_decoder, openview_frame
from firmware_bridge.devices.reading import Reading
from firmware_bridge.devices.support import Counts, DeviceSupport, Emulation, Message, SerialProfile

FS_HZ = 125
_KIND = 2
_PAYLOAD = struct.Struct("<h14xB2xB")
_ELECTRODES_OFF = 0x1F
_COUNTS_PER_MV = 2**15 * 6 / 2420  # 24 bits shifted right by 8, gain 6, 2.42 V reference


def _read(payload: bytes) -> Reading:
    ecg, bpm, status = _PAYLOAD.unpack(payload)
    return Reading(((ecg,),), heart_rate=heart_rate(bpm, contact=not status & _ELECTRODES_OFF))


def _decoder() -> FrameDecoder:
    return openview_decoder({(_KIND, _PAYLOAD.size): _read})


def _encoded(counts: Counts, _first_index: int) -> list[Message]:
    return [("", openview_frame(_KIND, _PAYLOAD.pack(count, 0, 0))) for count in counts[:, 0].tolist()]


SUPPORT = DeviceSupport(
    device=Device("healthypi4", FS_HZ, ("ECG",), adc_gain=_COUNTS_PER_MV),
    summary="ProtoCentral HealthyPi v4 (USB serial)",
    decodes=("ECG 125 Hz", "heart rate", "electrodes on or off"),
    status="from the published firmware; never on the board itself",
    make_decoder=_decoder,
    emulation=Emulation(_encoded, 1, -(2**15), 2**15 - 1),
    serial=SerialProfile(115_200),
)
