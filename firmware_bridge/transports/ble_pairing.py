"""Devices that obey only who is paired with them, as a Polar H10 with firmware 4 and later does."""

from typing import Final

from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

_CODES: Final = frozenset(
    {
        BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
        BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION_KEY_SIZE,
    }
)
_BLUEZ_NOT_PERMITTED: Final = "org.bluez.Error.NotPermitted"


def asks_for_pairing(error: BleakError) -> bool:
    """Whether the device would do it for one who is paired (ATT 0x05, 0x0C, 0x0F; BlueZ: "Not paired")."""
    if isinstance(error, BleakGATTProtocolError):
        return error.code in _CODES
    return isinstance(error, BleakDBusError) and error.dbus_error == _BLUEZ_NOT_PERMITTED
