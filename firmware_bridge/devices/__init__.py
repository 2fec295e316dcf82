"""Every supported device, by the name that a source URI uses."""

from types import MappingProxyType

from firmware_bridge.devices import (
    ad8232,
    ad8232_timed,
    ads1293,
    bitalino,
    cyton,
    ganglion,
    healthypi4,
    healthypi5,
    healthypi_ble,
    heart_rate,
    heartypatch,
    movesense,
    movesense_activity,
    openview,
    polar_h10,
    shimmer3,
)
from firmware_bridge.devices.support import DeviceSupport

_ALL = (
    polar_h10.SUPPORT,
    movesense.support(),
    movesense_activity.SUPPORT,
    ganglion.SUPPORT,
    healthypi_ble.SUPPORT,
    healthypi_ble.SUPPORT_V4,
    heart_rate.SUPPORT,
    openview.SUPPORT,
    ads1293.SUPPORT,
    healthypi4.SUPPORT,
    healthypi5.SUPPORT,
    heartypatch.SUPPORT,
    cyton.SUPPORT,
    bitalino.SUPPORT,
    shimmer3.SUPPORT,
    shimmer3.SUPPORT_EXG2,
    ad8232.SUPPORT,
    ad8232.SUPPORT_PAIR,
    ad8232_timed.SUPPORT,
)

DEVICES: MappingProxyType[str, DeviceSupport] = MappingProxyType(
    {support.device.name: support for support in _ALL}
)
