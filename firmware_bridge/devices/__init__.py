"""Every supported device, by the name that a source URI uses."""

from types import MappingProxyType

from firmware_bridge.devices import (
    ganglion,
    healthypi_ble,
    heart_rate,
    movesense,
    movesense_activity,
    openview,
    polar_h10,
)
from firmware_bridge.devices.support import DeviceSupport

_ALL = (
    polar_h10.SUPPORT,
    movesense.SUPPORT,
    movesense_activity.SUPPORT,
    ganglion.SUPPORT,
    healthypi_ble.SUPPORT,
    healthypi_ble.SUPPORT_V4,
    heart_rate.SUPPORT,
    openview.SUPPORT,
)

DEVICES: MappingProxyType[str, DeviceSupport] = MappingProxyType(
    {support.device.name: support for support in _ALL}
)
