"""A scanner backend for bleak on a bumble device: virtual controllers, USB dongles, serial HCI."""

from typing import Any

from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.exc import BleakError
from bumble.core import UUID, AdvertisingData, BaseBumbleError
from bumble.device import Advertisement, Device

_NAMES = (AdvertisingData.Type.COMPLETE_LOCAL_NAME, AdvertisingData.Type.SHORTENED_LOCAL_NAME)
_SERVICES = (
    AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    AdvertisingData.Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
)


def full_uuid(uuid: UUID) -> str:
    """All 128 bits in the way bleak writes them."""
    digits = uuid.to_bytes(force_128=True)[::-1].hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class BumbleScanner(BaseBleakScanner):
    """`BleakScanner(backend=BumbleScanner, bumble_device=device)`; active scanning."""

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,  # noqa: ARG002 - bleak passes it to every backend
        *,
        bumble_device: Device,
        **_others: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._device = bumble_device

    async def start(self) -> None:
        """Begin to listen."""
        self.seen_devices = {}
        self._device.on("advertisement", self._on_advertisement)
        try:
            await self._device.start_scanning(filter_duplicates=False)
        except BaseBumbleError as error:
            raise BleakError(f"scanning cannot start: {error}") from error

    async def stop(self) -> None:
        """Listen no more."""
        self._device.remove_listener("advertisement", self._on_advertisement)
        try:
            await self._device.stop_scanning()
        except BaseBumbleError as error:
            raise BleakError(f"scanning cannot stop: {error}") from error

    def _on_advertisement(self, heard: Advertisement) -> None:
        found = _advertisement_data(heard)
        if self.is_allowed_uuid(found.service_uuids):
            address = heard.address.to_string(with_type_qualifier=False)
            device = self.create_or_update_device(address, address, found.local_name, heard.address, found)
            self.call_detection_callbacks(device, found)


def _advertisement_data(heard: Advertisement) -> AdvertisementData:
    names = [name for kind in _NAMES if (name := heard.data.get(kind))]
    listed = [heard.data.get(kind) for kind in _SERVICES]
    uuids = [full_uuid(u) for uuids in listed if isinstance(uuids, list) for u in uuids]
    maker = heard.data.get(AdvertisingData.Type.MANUFACTURER_SPECIFIC_DATA)
    return AdvertisementData(
        local_name=str(names[0]) if names else None,
        manufacturer_data={int(maker[0]): bytes(maker[1])} if maker else {},
        service_data={},
        service_uuids=uuids,
        tx_power=None,
        rssi=heard.rssi,
        platform_data=(heard,),
    )
