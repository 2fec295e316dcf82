"""ProtoCentral ADS1293 shield, OpenView frame of type 2 and 12 bytes: i32 of each of three channels.

The sketch asks for 100 samples/s and then waits 10 ms after each, so that a little fewer come: `fs=` says
how many. No CRC, no clock, no counter, no heart rate. The five-lead set-up gives II, I and V1.
Source: Protocentral/protocentral-ads1293-arduino, example 3; TI ADS1293 data sheet, 8.3 (output code).
"""

import struct

from firmware_bridge.device import Device
from firmware_bridge.devices.frame_decoder import FrameDecoder
from firmware_bridge.devices.openview_frames import openview_decoder, openview_frame
from firmware_bridge.devices.reading import Reading
from firmware_bridge.devices.support import Counts, DeviceSupport, Emulation, Message, SerialProfile

FS_HZ = 100.0
_KIND = 2
_PAYLOAD = struct.Struct("<3i")
_MIDDLE = 2**22  # 0 V is half of the full scale 0x800000 (decimation 4, 4, 64)
_COUNTS_PER_MV = 2**23 * 3.5 / (2 * 2400)  # amplifier 3.5, full scale +-2.4 V


def _read(payload: bytes) -> Reading:
    return Reading((_PAYLOAD.unpack(payload),))


def _decoder() -> FrameDecoder:
    return openview_decoder({(_KIND, _PAYLOAD.size): _read})


def _encoded(counts: Counts, _first_index: int) -> list[Message]:
    return [("", openview_frame(_KIND, _PAYLOAD.pack(*row))) for row in counts.tolist()]


def support(fs_hz: float = FS_HZ) -> DeviceSupport:
    """The shield at the rate that its sketch reaches."""
    return DeviceSupport(
        device=Device("ads1293", fs_hz, ("II", "I", "V1"), adc_gain=_COUNTS_PER_MV, baseline=_MIDDLE),
        summary="ProtoCentral ADS1293 shield, OpenView stream (USB serial)",
        decodes=(f"ECG {fs_hz:g} Hz, three leads",),
        status="from the published sketch; never on the shield itself",
        make_decoder=_decoder,
        emulation=Emulation(_encoded, 1, -(2**23), 2**23 - 1),
        serial=SerialProfile(57_600),
        at_rate=support,
    )


SUPPORT = support()
