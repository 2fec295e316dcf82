"""`hearth devices scan`."""

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from firmware_bridge.devices import DEVICES
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
    for support in DEVICES.values():
        if support.ble and name.startswith(support.ble.name_prefix):
            radio = f"&hci={hci}" if hci else ""
            return f"* {line}\n    ble://{name}?device={support.device.name}{radio}"
    return f"  {line}"
