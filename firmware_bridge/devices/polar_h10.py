"""Polar H10 chest strap: PMD ECG frames, heart rate and battery in; packets out.

ECG frame: type (0), u64 ns of the LAST sample, frame type (0), then 3-byte little-endian signed uV.
Source: polarofficial/polar-ble-sdk, PmdDataFrame.kt, EcgData.kt; a compressed ECG does not exist.
"""

import struct

import numpy as np
import numpy.typing as npt

from firmware_bridge.device import Device
from firmware_bridge.devices import battery_level, heart_rate
from firmware_bridge.devices.battery_level import parse_battery
from firmware_bridge.devices.heart_rate import parse_heart_rate
from firmware_bridge.devices.polar_h10_frames import MIN_MTU, SAMPLES_PER_FRAME, timed_frames
from firmware_bridge.devices.polar_pmd import Measurement, parse_control, start_ecg, stop_ecg
from firmware_bridge.devices.support import BleProfile, Control, Counts, DeviceSupport, Emulation, Message
from firmware_bridge.packets import Damage, Packet, SampleBlock
from firmware_bridge.rate_meter import RateMeter

FS_HZ = 130
SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"


class Channel:
    """Characteristics that notify."""

    ECG = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
    HEART_RATE = heart_rate.CHANNEL
    BATTERY = battery_level.CHANNEL


_HEADER = struct.Struct("<BQB")
_COMPRESSED = 0x80
_LONGEST_GAP_S = 7 * 86_400
_JITTER_SAMPLES = 1


class PolarH10Decoder:
    """One notification a call; the channel is the characteristic's UUID (default: ECG).

    Lost samples are counted from the device's clock, also over a broken link, on which the strap's
    clock runs on, and at the rate that this clock shows. A clock that steps back, or forward by more than a
    week, was set or restarted: a `Damage` says so and the count starts anew with `lost_before=0`.
    """

    def __init__(self) -> None:
        self._previous_ns: int | None = None
        self._rate = RateMeter(FS_HZ)

    def feed(self, payload: bytes, channel: str = Channel.ECG) -> list[Packet]:
        """Decode one notification; what is no frame comes out as `Damage`."""
        match channel.lower():
            case "" | Channel.ECG:
                return self._ecg(payload)
            case Channel.HEART_RATE:
                return [parse_heart_rate(payload)]
            case Channel.BATTERY:
                return [parse_battery(payload)]
        return [Damage(len(payload), f"nothing is known of channel {channel!r}")]

    def reset(self) -> None:
        """Nothing is carried over from message to message but the clock, which a lost link leaves true."""

    def _ecg(self, frame: bytes) -> list[Packet]:
        if reason := _fault(frame):
            return [Damage(len(frame), reason)]
        _, last_sample_ns, _ = _HEADER.unpack_from(frame)
        counts = _int24(frame[_HEADER.size :]).reshape(-1, 1)
        lost, jumped = self._lost(last_sample_ns, len(counts))
        self._previous_ns = last_sample_ns
        block = SampleBlock(counts, last_sample_ns, lost)
        return [jumped, block] if jumped else [block]

    def _lost(self, last_sample_ns: int, n: int) -> tuple[int, Damage | None]:
        if self._previous_ns is None:
            return 0, None
        step_ns = last_sample_ns - self._previous_ns
        lost = round(step_ns * self._rate.fs_hz / 1e9) - n
        if abs(lost) <= _JITTER_SAMPLES:
            self._rate.add(n, step_ns)
        if -_JITTER_SAMPLES <= lost <= _LONGEST_GAP_S * FS_HZ:
            return max(lost, 0), None
        return 0, Damage(
            0, f"the device's clock stepped by {step_ns / 1e9:.3f} s; lost samples are not known"
        )


def _fault(frame: bytes) -> str | None:
    if len(frame) <= _HEADER.size:
        return f"frame of {len(frame)} bytes is too short"
    measurement, _, frame_type = _HEADER.unpack_from(frame)
    if measurement & 0x3F != Measurement.ECG:
        return f"measurement type {measurement & 0x3F} is no ECG"
    if frame_type & _COMPRESSED:
        return "compressed ECG frame"
    if frame_type:
        return f"ECG frame type {frame_type} is not known"
    if (len(frame) - _HEADER.size) % 3:
        return f"{len(frame) - _HEADER.size} payload bytes are no whole number of samples"
    return None


def _int24(payload: bytes) -> npt.NDArray[np.int32]:
    octets = np.frombuffer(payload, np.uint8).reshape(-1, 3).astype(np.int32)
    unsigned = octets[:, 0] | octets[:, 1] << 8 | octets[:, 2] << 16
    return (unsigned ^ 1 << 23) - (1 << 23)


def _encoded(counts: Counts, first_index: int) -> list[Message]:
    return [(Channel.ECG, frame) for frame in timed_frames(counts[:, 0], first_index, FS_HZ)]


SUPPORT = DeviceSupport(
    device=Device("polar_h10", FS_HZ, ("chest",), adc_gain=1000.0),
    summary="Polar H10 chest strap (Bluetooth LE)",
    decodes=("ECG 130 Hz, uV, device clock", "heart rate, RR, contact", "battery"),
    status="checked against the SDK's vectors, two other decoders, a virtual strap; never the strap itself",
    make_decoder=PolarH10Decoder,
    emulation=Emulation(_encoded, SAMPLES_PER_FRAME, -(2**23), 2**23 - 1, longest_gap=_LONGEST_GAP_S * FS_HZ),
    ble=BleProfile(
        name_prefix="Polar H10",
        service=SERVICE,
        ecg=Channel.ECG,
        side=(Channel.HEART_RATE, Channel.BATTERY),
        battery=Channel.BATTERY,
        control=Control(CONTROL, start_ecg(FS_HZ), stop_ecg(), parse_control),
        min_mtu=MIN_MTU,
    ),
)
