"""Every supported device, by the name that a source URI uses."""

from types import MappingProxyType

from firmware_bridge.devices import openview, polar_h10
from firmware_bridge.devices.support import DeviceSupport

DEVICES: MappingProxyType[str, DeviceSupport] = MappingProxyType(
    {support.device.name: support for support in (polar_h10.SUPPORT, openview.SUPPORT)}
)
