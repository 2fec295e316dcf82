"""`hearth devices info NAME_OR_URI`."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError

from firmware_bridge.devices import DEVICES, battery_level
from firmware_bridge.devices.support import DeviceSupport
from firmware_bridge.source_uri import parse_source_uri
from firmware_bridge.transport import TransportError
from firmware_bridge.transports.ble_session import is_named, mismatch
from firmware_bridge.transports.bluetooth import Radio, no_bluetooth, open_radio
from firmware_bridge.transports.mtu import att_mtu

_SCAN_S, _CONNECT_S = 10.0, 20.0
_SMALLEST_MTU, _LARGEST_MTU = 23, 517
_BASE = "-0000-1000-8000-00805f9b34fb"
_TOLD = {
    "maker": f"00002a29{_BASE}",
    "model": f"00002a24{_BASE}",
    "serial number": f"00002a25{_BASE}",
    "hardware": f"00002a27{_BASE}",
    "firmware": f"00002a26{_BASE}",
    "software": f"00002a28{_BASE}",
}


@dataclass(frozen=True, slots=True)
class _Target:
    name: str
    hci: str


async def print_info(target: str, hci: str) -> None:
    """Connect, and print what the device says of itself and how it is opened.

    Raises:
        TransportError: no Bluetooth, or the device cannot be found or read.
    """
    wanted = _target(target, hci)
    try:
        async with open_radio(wanted.hci) as radio:
            await _ask(wanted, radio)
    except (BleakError, OSError, EOFError, TimeoutError) as error:
        reason = no_bluetooth(error) or str(error) or type(error).__name__
        raise TransportError(f"{wanted.name}: {reason}") from error


def _target(text: str, hci: str) -> _Target:
    if "://" not in text:
        return _Target(text, hci)
    uri = parse_source_uri(text)
    if uri.scheme != "ble":
        raise TransportError(f"{text}: only Bluetooth LE devices can be asked; give a name or ble://NAME")
    return _Target(uri.target, uri.get("hci", hci))


async def _ask(wanted: _Target, radio: Radio) -> None:
    found = await BleakScanner.find_device_by_filter(
        lambda device, heard: is_named(wanted.name, device.address, heard.local_name or device.name or ""),
        timeout=_SCAN_S,
        **radio.scanner,
    )
    if found is None:
        raise BleakError("not found by scanning")
    async with BleakClient(found, timeout=_CONNECT_S, **radio.client) as client:
        print(f"{client.name}  {found.address}")
        mtu = f"MTU: {await _mtu(client)}"
        for line in [*await _said(client), mtu, *_services(client), *_opened_by(client, wanted)]:
            print(f"  {line}")


async def _said(client: BleakClient) -> list[str]:
    """What can be read of its maker, and its charge."""
    offered = {each.uuid for each in client.services.characteristics.values()}
    lines = []
    for what, uuid in _TOLD.items():
        with contextlib.suppress(BleakError):
            if uuid in offered and (value := bytes(await client.read_gatt_char(uuid))):
                lines.append(f"{what}: {_printable(value)}")
    if battery_level.CHANNEL in offered:
        with contextlib.suppress(BleakError):
            level = bytes(await client.read_gatt_char(battery_level.CHANNEL))
            lines.append(f"battery: {level[0]} %" if level else "battery: unknown")
    return lines


def _printable(value: bytes) -> str:
    text = value.rstrip(b"\x00").decode(errors="replace")
    return "".join(character if character.isprintable() else "?" for character in text)


async def _mtu(client: BleakClient) -> int:
    sizes = [await att_mtu(each, _LARGEST_MTU) for each in client.services.characteristics.values()]
    return max(sizes, default=_SMALLEST_MTU)


def _services(client: BleakClient) -> Iterator[str]:
    for service in client.services:
        yield f"service {service.uuid}  {service.description}"
        for each in service.characteristics:
            yield f"  {each.uuid}  {', '.join(each.properties)}  {each.description}"


def _opened_by(client: BleakClient, wanted: _Target) -> list[str]:
    offered = {each.uuid for each in client.services.characteristics.values()}
    fitting = [support for support in DEVICES.values() if _fits(support, client.name, offered)]
    if not fitting:
        return ["not supported: it has no service that Hearth knows"]
    hci = f"&hci={wanted.hci}" if wanted.hci else ""
    return [
        f"{each.summary}\n    ble://{client.name}?device={each.device.name}{hci}"
        for each in sorted(fitting, key=lambda each: not each.device.leads)
    ]


def _fits(support: DeviceSupport, name: str, offered: set[str]) -> bool:
    return support.ble is not None and not mismatch(support.ble, name, offered)
