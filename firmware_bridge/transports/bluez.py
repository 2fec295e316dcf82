"""What BlueZ alone can tell and do, asked of it on D-Bus beside bleak."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.signature import Variant

_DEVICE: Final = "org.bluez.Device1"
_CHARACTERISTIC: Final = "org.bluez.GattCharacteristic1"
_LISTENED_TO: Final = ("Notifying", "NotifyAcquired")
_ANSWER_S: Final = 5.0

Objects = Mapping[str, Mapping[str, Mapping[str, Variant]]]


async def characteristic_mtu(path: str) -> int | None:
    """The ATT MTU in bytes; `None` where BlueZ does not say: before 5.62, or the characteristic is gone."""
    async with _bluez() as ask:
        body = await ask(path, "org.freedesktop.DBus.Properties", "Get", "ss", [_CHARACTERISTIC, "MTU"])
        return body[0].value if body else None


async def free_device(is_wanted: Callable[[str, str], bool], adapter: str = "") -> bool:
    """Disconnect the device of this address and name, if BlueZ holds a link to it that nobody listens to.

    A link outlives a program that was killed: the device sends to nobody, does not advertise, and no scan
    finds it. A device whose notifications somebody has subscribed to is left alone. `adapter`: of it alone.
    """
    async with _bluez() as ask:
        body = await ask("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        objects = body[0] if body else {}
        here = [path for path in left_over(objects) if path.startswith(f"/org/bluez/{adapter}")]
        left = [path for path in here if is_wanted(*_address_and_name(objects[path][_DEVICE]))]
        return any([await ask(path, _DEVICE, "Disconnect") is not None for path in left])


def left_over(objects: Objects) -> list[str]:
    """Paths of the devices that are connected while none of their characteristics is listened to."""
    connected = [path for path, has in objects.items() if _DEVICE in has and _is(has[_DEVICE], "Connected")]
    heard = [path for path, has in objects.items() if _is_heard(has.get(_CHARACTERISTIC, {}))]
    return [path for path in connected if not any(each.startswith(f"{path}/") for each in heard)]


def _is_heard(characteristic: Mapping[str, Variant]) -> bool:
    return any(_is(characteristic, name) for name in _LISTENED_TO)


def _is(properties: Mapping[str, Variant], name: str) -> bool:
    return name in properties and bool(properties[name].value)


def _address_and_name(device: Mapping[str, Variant]) -> tuple[str, str]:
    return device["Address"].value, device["Alias"].value


Ask = Callable[..., Any]


@asynccontextmanager
async def _bluez() -> AsyncIterator[Ask]:
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()

    async def ask(
        path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
    ) -> list[Any] | None:
        """The body of the answer; `None` where BlueZ refuses or is silent."""
        question = Message("org.bluez", path, interface, member, signature=signature, body=body or [])
        try:
            reply = await asyncio.wait_for(bus.call(question), _ANSWER_S)
        except TimeoutError:
            return None
        return reply.body if reply and reply.message_type is MessageType.METHOD_RETURN else None

    try:
        yield ask
    finally:
        bus.disconnect()
