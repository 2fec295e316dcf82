"""The way to the radio: the system's Bluetooth, or a controller reached over HCI."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError

_ADAPTER = re.compile(r"hci\d+")
_POWER_ON_S = 5.0
_NO_SERVICE = "org.freedesktop.DBus.Error.ServiceUnknown"


@dataclass(frozen=True, slots=True)
class Radio:
    """Keyword arguments that make bleak's scanner and client use this radio."""

    scanner: dict[str, Any] = field(default_factory=dict)
    client: dict[str, Any] = field(default_factory=dict)

    async def free(self, is_wanted: Callable[[str, str], bool]) -> bool:
        """Whether the system still held a link to the device for a program that is gone; it is ended then."""
        if sys.platform != "linux" or "backend" in self.client:
            return False
        from firmware_bridge.transports.bluez import free_device

        return await free_device(is_wanted, self.client.get("bluez", {}).get("adapter", ""))


@asynccontextmanager
async def open_radio(hci: str = "") -> AsyncIterator[Radio]:
    """The system's Bluetooth, an adapter of it (`hci1`), or a controller (`usb:0`, `tcp-client:HOST:PORT`).

    Raises:
        BleakError: the controller cannot be reached or does not answer.
    """
    if not hci or _ADAPTER.fullmatch(hci):
        chosen = {"bluez": {"adapter": hci}} if hci else {}
        yield Radio(chosen, chosen)
        return
    from bumble.core import BaseBumbleError
    from bumble.transport import open_transport

    try:
        link = await open_transport(hci)
    except (BaseBumbleError, OSError, ValueError) as error:
        raise BleakError(f"HCI {hci} cannot be opened: {error}") from error
    try:
        yield await _radio_on(hci, link)
    finally:
        await link.close()


async def _radio_on(hci: str, link: Any) -> Radio:
    from bumble.core import BaseBumbleError
    from bumble.device import Device
    from bumble.hci import Address

    from firmware_bridge.transports.bumble_client import BumbleClient
    from firmware_bridge.transports.bumble_scanner import BumbleScanner

    device = Device.with_hci("Hearth", Address.generate_static_address(), link.source, link.sink)
    try:
        await asyncio.wait_for(device.power_on(), _POWER_ON_S)
    except (BaseBumbleError, TimeoutError) as error:
        raise BleakError(f"HCI {hci} does not answer") from error
    return Radio(
        {"backend": BumbleScanner, "bumble_device": device},
        {"backend": BumbleClient, "bumble_device": device},
    )


def no_bluetooth(error: BaseException) -> str | None:
    """One line if `error` means that this computer has no Bluetooth to use."""
    no_bluetoothd = isinstance(error, BleakDBusError) and error.dbus_error == _NO_SERVICE
    if no_bluetoothd or isinstance(error, BleakBluetoothNotAvailableError | FileNotFoundError):
        return "this computer has no Bluetooth that is on (no adapter, or bluetoothd does not run)"
    return None
