"""Battery Level (0x2A19) of the Bluetooth SIG: one byte, percent."""

from firmware_bridge.packets import Battery, Damage

CHANNEL = "00002a19-0000-1000-8000-00805f9b34fb"
_PERCENT = 100


def parse_battery(value: bytes) -> Battery | Damage:
    """Decode what was read or notified."""
    if len(value) != 1 or value[0] > _PERCENT:
        return Damage(len(value), "battery level that is no percentage")
    return Battery(value[0])
