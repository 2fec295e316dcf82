"""Heart Rate Measurement (0x2A37) of the Bluetooth SIG: flags, bpm, energy, RR in 1/1024 s."""

import struct

from firmware_bridge.packets import Damage, HeartRate

_RR_TICKS_PER_S = 1024
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
