"""How long a message the link carries; BlueZ itself is asked where bleak may be out of date."""

from typing import Final

from bleak.backends.characteristic import BleakGATTCharacteristic

_ATT_HEADER_BYTES: Final = 3
_CHARACTERISTIC: Final = "org.bluez.GattCharacteristic1"


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
    return max(known, await _asked_of_bluez(path) or known)


async def _asked_of_bluez(path: str) -> int | None:
    """`None` where BlueZ does not say: before version 5.62, or the characteristic is gone."""
    from dbus_fast import BusType, Message, MessageType
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        question = Message(
            destination="org.bluez",
            path=path,
            interface="org.freedesktop.DBus.Properties",
            member="Get",
            signature="ss",
            body=[_CHARACTERISTIC, "MTU"],
        )
        reply = await bus.call(question)
        return reply.body[0].value if reply and reply.message_type is MessageType.METHOD_RETURN else None
    finally:
        bus.disconnect()
