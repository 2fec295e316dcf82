"""ProtoCentral HealthyPi 5 on USB, both of its streams, 128 samples/s; counts of the MAX30001, 18 bits.

Type 3, 50 bytes: 8 x i32 ECG, 4 x i32 bioimpedance, u8 heart rate, u8 respiration rate. Type 2, 22 bytes
("OpenView"): i32 ECG, i32 bioimpedance, u8, i32 red, i32 IR, u16 temperature, u8 SpO2, heart rate,
respiration rate. Type 4, 19 bytes: PPG, no ECG. Little-endian; no CRC, no clock, no counter.
Source: Protocentral/protocentral_healthypi5_zephyr, data_module.c and max30001_async.c.
"""

import struct

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.devices.frame_decoder import FrameDecoder
from firmware_bridge.devices.openview_frames import heart_rate, openview_decoder, openview_frame
from firmware_bridge.devices.reading import Reading
from firmware_bridge.devices.support import Counts, DeviceSupport, Emulation, Message, SerialProfile

FS_HZ = 128
_ECG_KIND, _OPENVIEW_KIND, _PPG_KIND = 3, 2, 4
_ECG = struct.Struct("<8i16xBx")
_OPENVIEW = struct.Struct("<i16xBx")
_PPG_BYTES = 19
_SAMPLES = 8
_COUNTS_PER_MV = 2**17 * 20 / 1000  # gain 20, 1 V reference


def _read_ecg(payload: bytes) -> Reading:
    *ecg, bpm = _ECG.unpack(payload)
    return Reading(tuple((count,) for count in ecg), heart_rate=heart_rate(bpm))


def _read_openview(payload: bytes) -> Reading:
    ecg, bpm = _OPENVIEW.unpack(payload)
    return Reading(((ecg,),), heart_rate=heart_rate(bpm))


def _read_ppg(_payload: bytes) -> Reading:
    return Reading()


def _decoder() -> FrameDecoder:
    return openview_decoder(
        {
            (_ECG_KIND, _ECG.size): _read_ecg,
            (_OPENVIEW_KIND, _OPENVIEW.size): _read_openview,
            (_PPG_KIND, _PPG_BYTES): _read_ppg,
        }
    )


def _encoded(counts: Counts, _first_index: int) -> list[Message]:
    eights = np.reshape(counts[:, 0], (-1, _SAMPLES)).tolist()
    return [("", openview_frame(_ECG_KIND, _ECG.pack(*eight, 0))) for eight in eights]


SUPPORT = DeviceSupport(
    device=Device("healthypi5", FS_HZ, ("ECG",), adc_gain=_COUNTS_PER_MV),
    summary="ProtoCentral HealthyPi 5 (USB serial, either stream)",
    decodes=("ECG 128 Hz", "heart rate"),
    status="from the published firmware; never on the board itself",
    make_decoder=_decoder,
    emulation=Emulation(_encoded, _SAMPLES, -(2**31), 2**31 - 1),
    serial=SerialProfile(115_200),
)
