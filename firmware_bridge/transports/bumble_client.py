"""A client backend for bleak on a bumble device: the GATT side of `bumble_scanner`."""

from collections.abc import Callable
from typing import Any

from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble.att import ATT_Error
from bumble.core import BaseBumbleError
from bumble.device import Connection, Device, Peer
from bumble.gatt_client import CharacteristicProxy, ServiceProxy
from bumble.hci import Address

from firmware_bridge.transports.bumble_scanner import full_uuid

_MTU, _SMALLEST_MTU, _ATT_HEADER = 247, 23, 3


class BumbleClient(BaseBleakClient):
    """`BleakClient(found, backend=BumbleClient, bumble_device=device)`."""

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        bumble_device: Device,
        **_others: Any,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self._device = bumble_device
        found = address_or_ble_device
        self._peer_address = found.details if isinstance(found, BLEDevice) else Address(found)
        self._name = found.name if isinstance(found, BLEDevice) else None
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._subscribers: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """The advertised name, or the address with dashes."""
        return self._name or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        """Agreed ATT MTU in bytes."""
        return self._connection.att_mtu if self._connection else _SMALLEST_MTU

    @property
    def is_connected(self) -> bool:
        """Whether the link is up."""
        return self._connection is not None

    async def connect(self, pair: bool, **_others: Any) -> None:  # noqa: FBT001 - bleak's interface
        """Connect, agree on the MTU and learn the services; pair if asked to."""
        try:
            self._connection = await self._device.connect(self._peer_address, timeout=self._timeout)
        except BaseBumbleError as error:
            raise BleakDeviceNotFoundError(self.address, str(error)) from error
        self._connection.on("disconnection", self._on_disconnection)
        self._peer = Peer(self._connection)
        try:
            await self._peer.request_mtu(_MTU)
            self.services = await self._discovered(self._peer)
        except BaseBumbleError as error:
            raise BleakError(f"services cannot be read: {error}") from error
        if pair:
            await self.pair()

    async def disconnect(self) -> None:
        """Close the link."""
        if not self._connection:
            return
        try:
            await self._connection.disconnect()
        except BaseBumbleError as error:
            raise BleakError(f"cannot be disconnected: {error}") from error

    async def pair(self, *_args: Any, **_others: Any) -> None:
        """Bond by "just works": a strap has no display and no keys. The bond lasts as long as the radio."""
        self._linked()
        assert self._connection
        try:
            await self._connection.pair()
        except BaseBumbleError as error:
            raise BleakError(f"cannot be paired: {error}") from error

    async def unpair(self) -> None:
        """The bond ends with the radio."""
        raise BleakError("a bond lasts as long as the radio; there is nothing to forget")

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,  # noqa: ARG002 - bleak's interface
        **_others: Any,
    ) -> bytearray:
        """Read a characteristic."""
        return await self._read(characteristic.obj)

    async def read_gatt_descriptor(
        self,
        descriptor: BleakGATTDescriptor,
        *,
        use_cached: bool = False,  # noqa: ARG002 - bleak's interface
        **_others: Any,
    ) -> bytearray:
        """Read a descriptor."""
        return await self._read(descriptor.obj)

    async def write_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        data: SizedBuffer,
        response: bool,  # noqa: FBT001 - bleak's interface
    ) -> None:
        """Write a characteristic."""
        await self._write(characteristic.obj, bytes(data), with_response=response)

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write a descriptor."""
        await self._write(descriptor.obj, bytes(data), with_response=True)

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_others: Any
    ) -> None:
        """Notifications where there are, else indications."""

        def on_value(value: bytes) -> None:
            callback(bytearray(value))

        self._linked()
        self._subscribers[characteristic.handle] = on_value
        proxy: CharacteristicProxy[bytes] = characteristic.obj
        try:
            await proxy.subscribe(on_value, prefer_notify="notify" in characteristic.properties)
        except BaseBumbleError as error:
            raise _told(error, f"{characteristic.uuid} cannot be subscribed") from error

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """End notifications or indications."""
        self._linked()
        if characteristic.handle not in self._subscribers:
            raise BleakError(f"{characteristic.uuid} is not subscribed")
        try:
            await characteristic.obj.unsubscribe(self._subscribers.pop(characteristic.handle))
        except BaseBumbleError as error:
            raise BleakError(f"{characteristic.uuid} cannot be unsubscribed: {error}") from error

    async def _read(self, attribute: Any) -> bytearray:
        try:
            return bytearray(await self._linked().read_value(attribute))
        except BaseBumbleError as error:
            raise _told(error, "cannot be read") from error

    async def _write(self, attribute: Any, value: bytes, *, with_response: bool) -> None:
        try:
            await self._linked().write_value(attribute, value, with_response=with_response)
        except BaseBumbleError as error:
            raise _told(error, "cannot be written") from error

    def _linked(self) -> Peer:
        if not self._connection or not self._peer:
            raise BleakError("not connected")
        return self._peer

    def _on_disconnection(self, _reason: int) -> None:
        self._connection, self._peer, self.services = None, None, None
        self._subscribers.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def _discovered(self, peer: Peer) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service in await peer.discover_services():
            told = BleakGATTService(service, service.handle, full_uuid(service.uuid))
            collection.add_service(told)
            await self._add_characteristics(collection, service, told)
        return collection

    async def _add_characteristics(
        self, collection: BleakGATTServiceCollection, service: ServiceProxy, told: BleakGATTService
    ) -> None:
        for found in await service.discover_characteristics():
            properties = list(gatt_char_props_to_strs(int(found.properties)))
            characteristic = BleakGATTCharacteristic(
                found, found.handle, full_uuid(found.uuid), properties, self._largest_write, told
            )
            collection.add_characteristic(characteristic)
            for descriptor in await found.discover_descriptors():
                uuid = full_uuid(descriptor.type)
                collection.add_descriptor(
                    BleakGATTDescriptor(descriptor, descriptor.handle, uuid, characteristic)
                )

    def _largest_write(self) -> int:
        return self.mtu_size - _ATT_HEADER


def _told(error: BaseBumbleError, what: str) -> BleakError:
    """As bleak's other backends tell it: with the code, where the device gave one."""
    if isinstance(error, ATT_Error):
        return BleakGATTProtocolError(error.error_code)
    return BleakError(f"{what}: {error}")
