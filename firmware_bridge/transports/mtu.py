"""How long a message the link carries; BlueZ itself is asked where bleak may be out of date."""

from typing import Final

from bleak.backends.characteristic import BleakGATTCharacteristic

_ATT_HEADER_BYTES: Final = 3


async def att_mtu(characteristic: BleakGATTCharacteristic, enough: int) -> int:
    """The link's ATT MTU in bytes.

    BlueZ has it as a property of each characteristic, and announces no change of it. Where BlueZ remembers a
    device, bleak reads the properties before the link is there, and holds 23 (the smallest) as long as it
    lasts: whatever is below `enough` is asked for again on D-Bus.
    """
    known = characteristic.max_write_without_response_size + _ATT_HEADER_BYTES
    path = characteristic.obj[0] if isinstance(characteristic.obj, tuple) else None
    if known >= enough or not isinstance(path, str):
        return known
    from firmware_bridge.transports.bluez import characteristic_mtu

    return max(known, await characteristic_mtu(path) or known)
