"""Heart Rate Measurement (0x2A37) of the Bluetooth SIG: flags, bpm, energy, RR in 1/1024 s.

Any strap with this service is a device without a waveform: rhythm by its intervals alone.
"""

import struct

from firmware_bridge.device import Device
from firmware_bridge.devices import battery_level
from firmware_bridge.devices.support import BleProfile, Counts, DeviceSupport, Emulation, Message
from firmware_bridge.packets import Damage, HeartRate, Packet

SERVICE = "0000180d-0000-1000-8000-00805f9b34fb"
CHANNEL = "00002a37-0000-1000-8000-00805f9b34fb"
_RR_TICKS_PER_S = 1024
_SHORTEST_RR, _LONGEST_RR = 205, 2**16 - 1
_LARGEST_U8 = 255
_WIDE, _CONTACT, _CONTACT_KNOWN, _ENERGY, _RR = 1, 2, 4, 8, 16


def parse_heart_rate(value: bytes) -> HeartRate | Damage:
    """Decode one notification; contact is `None` where the device does not sense it."""
    flags = value[0] if value else 0
    bpm_end = 3 if flags & _WIDE else 2
    rr_start = bpm_end + (2 if flags & _ENERGY else 0)
    if len(value) < rr_start or (len(value) - rr_start) % 2:
        return Damage(len(value), "heart rate message of wrong length")
    bpm = int.from_bytes(value[1:bpm_end], "little")
    contact = bool(flags & _CONTACT) if flags & _CONTACT_KNOWN else None
    return HeartRate(bpm, _rr_ms(value[rr_start:]) if flags & _RR else (), contact)


def _rr_ms(ticks: bytes) -> tuple[float, ...]:
    return tuple(tick * 1000 / _RR_TICKS_PER_S for (tick,) in struct.iter_unpack("<H", ticks))


def heart_rate_bytes(heart_rate: HeartRate) -> bytes:
    """Encode one notification (the virtual device's side)."""
    flags = _RR if heart_rate.rr_ms else 0
    if heart_rate.contact is not None:
        flags |= _CONTACT_KNOWN | (_CONTACT if heart_rate.contact else 0)
    wide = heart_rate.bpm > _LARGEST_U8
    head = struct.pack("<BH", flags | _WIDE, heart_rate.bpm) if wide else bytes([flags, heart_rate.bpm])
    return head + b"".join(struct.pack("<H", round(rr * _RR_TICKS_PER_S / 1000)) for rr in heart_rate.rr_ms)


class HeartRateDecoder:
    """One notification a call; the channel is the characteristic's UUID (default: heart rate)."""

    def feed(self, payload: bytes, channel: str = CHANNEL) -> list[Packet]:
        """Decode one notification; what is no message comes out as `Damage`."""
        if channel.lower() in {"", CHANNEL}:
            return [parse_heart_rate(payload)]
        if channel.lower() == battery_level.CHANNEL:
            return [battery_level.parse_battery(payload)]
        return [Damage(len(payload), f"nothing is known of channel {channel!r}")]

    def reset(self) -> None:
        """Nothing is carried over from message to message."""


def _encoded(rr_ticks: Counts, _first_index: int) -> list[Message]:
    return [(CHANNEL, _measured(int(rr) * 1000 / _RR_TICKS_PER_S)) for rr in rr_ticks[:, 0]]


def _measured(rr_ms: float) -> bytes:
    return heart_rate_bytes(HeartRate(round(60_000 / rr_ms), (rr_ms,), contact=True))


SUPPORT = DeviceSupport(
    device=Device("heart_rate", _RR_TICKS_PER_S, (), adc_gain=1.0),
    summary="any strap or watch with the standard Heart Rate service (Bluetooth LE): intervals, no waveform",
    decodes=("heart rate, RR, contact", "battery"),
    status="checked against the service's document, three other decoders and a virtual strap",
    make_decoder=HeartRateDecoder,
    emulation=Emulation(_encoded, 1, _SHORTEST_RR, _LONGEST_RR),
    ble=BleProfile(
        name_prefix="",
        service=SERVICE,
        ecg=CHANNEL,
        side=(battery_level.CHANNEL,),
        battery=battery_level.CHANNEL,
    ),
)
