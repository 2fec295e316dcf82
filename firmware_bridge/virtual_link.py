"""A virtual peripheral's side of its link: found, connected, cut, and found again."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, Service

_LOG = logging.getLogger(__name__)
_SHORT_UUID_BYTES = 2
_FLAGS = bytes(
    [AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE | AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED]
)


@dataclass(frozen=True, slots=True)
class Advertised:
    """A service by its UUID, and what follows a maker's number, where there is any."""

    service: str
    maker: bytes = b""


class VirtualLink:
    """One central at a time; `on_gone` is called when it has left, and when the link is cut."""

    def __init__(
        self, device: Device, services: list[Service], advertised: Advertised, on_gone: Callable[[], None]
    ) -> None:
        self.connection: Connection | None = None
        self._device = device
        self._on_gone = on_gone
        self._away_s = 0.0
        self._errands: set[asyncio.Task[Any]] = set()
        device.add_services(services)
        device.advertising_data = _advertising(device.name)
        device.scan_response_data = _scan_response(advertised)
        device.on("connection", self._on_connection)

    async def advertise(self) -> None:
        """Be found."""
        await self._device.start_advertising(auto_restart=False)

    async def notify(self, characteristic: Characteristic[bytes], value: bytes) -> None:
        """Tell who has subscribed."""
        if self.connection:
            await self._device.notify_subscriber(self.connection, characteristic, value)

    async def indicate(self, characteristic: Characteristic[bytes], value: bytes) -> None:
        """Tell who has subscribed, and wait until it is heard."""
        if self.connection:
            await self._device.indicate_subscriber(self.connection, characteristic, value)

    async def hang_up(self) -> None:
        """Disconnect."""
        if self.connection:
            await self.connection.disconnect()

    def cut(self, away_s: float) -> None:
        """Break the link, and be out of range for a while."""
        self._away_s = away_s
        if self.connection:
            self._on_gone()
            self.run(self.hang_up())

    def run(self, errand: Coroutine[Any, Any, Any]) -> None:
        """Do it beside; a failure is logged."""
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)

    def _on_connection(self, connection: Connection) -> None:
        self.connection = connection
        connection.on("disconnection", self._on_disconnection)
        _LOG.info("connected")

    def _on_disconnection(self, _reason: int) -> None:
        self.connection = None
        self._on_gone()
        _LOG.info("disconnected")
        self.run(self._come_back())

    async def _come_back(self) -> None:
        away_s, self._away_s = self._away_s, 0.0
        await asyncio.sleep(away_s)
        await self.advertise()

    def _errand_done(self, task: asyncio.Task[Any]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _LOG.warning("%s", error)


def _advertising(name: str) -> bytes:
    told = [(AdvertisingData.FLAGS, _FLAGS), (AdvertisingData.COMPLETE_LOCAL_NAME, name.encode())]
    return bytes(AdvertisingData(told))


def _scan_response(advertised: Advertised) -> bytes:
    uuid = bytes(UUID(advertised.service))
    kind = (
        AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
        if len(uuid) == _SHORT_UUID_BYTES
        else AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS
    )
    maker = [(AdvertisingData.MANUFACTURER_SPECIFIC_DATA, advertised.maker)] if advertised.maker else []
    return bytes(AdvertisingData([(kind, uuid), *maker]))
