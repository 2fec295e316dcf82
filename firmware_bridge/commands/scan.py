"""`hearth devices scan`."""

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from firmware_bridge.devices import DEVICES
from firmware_bridge.devices.support import DeviceSupport
from firmware_bridge.transport import TransportError
from firmware_bridge.transports.bluetooth import no_bluetooth, open_radio


async def print_scan(seconds: float, hci: str) -> None:
    """One line for each device heard, the supported ones first and with the URI to use.

    Raises:
        TransportError: no Bluetooth, or the controller cannot be reached.
    """
    try:
        async with open_radio(hci) as radio:
            heard = await BleakScanner.discover(seconds, return_adv=True, **radio.scanner)
    except (BleakError, OSError, EOFError) as error:
        raise TransportError(no_bluetooth(error) or f"scanning failed: {error}") from error
    lines = [_line(device, advertised, hci) for device, advertised in heard.values()]
    print("\n".join(sorted(lines, reverse=True)) or f"no Bluetooth LE device heard in {seconds:g} s")


def _line(device: BLEDevice, advertised: AdvertisementData, hci: str) -> str:
    name = advertised.local_name or device.name or ""
    line = f"{advertised.rssi:4d} dBm  {device.address}  {name}"
    fitting = [each.device.name for each in DEVICES.values() if _may_be(each, name, advertised)]
    if not fitting:
        return f"  {line}"
    radio = f"&hci={hci}" if hci else ""
    uris = [f"\n    ble://{name}?device={device}{radio}" for device in fitting]
    if len(fitting) > 1:
        uris.append(f"\n    which of them: hearth devices info '{name}'")
    return f"* {line}{''.join(uris)}"


def _may_be(support: DeviceSupport, name: str, advertised: AdvertisementData) -> bool:
    """By name; a strap of any name by the Heart Rate service that it advertises, where nothing else fits."""
    profile = support.ble
    if profile is None or not name:
        return False
    if profile.name_prefix:
        return profile.is_name(name)
    by_name = [each.ble for each in DEVICES.values() if each.ble and each.ble.name_prefix]
    return profile.service in advertised.service_uuids and not any(each.is_name(name) for each in by_name)
