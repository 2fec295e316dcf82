"""One connection to a Bluetooth LE wearable, from the scan to the break."""

import asyncio
import contextlib
import logging
from collections.abc import Container, Coroutine
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from firmware_bridge.devices.support import BleProfile
from firmware_bridge.live_feed import LiveFeed
from firmware_bridge.transports.ble_control import ControlPoint
from firmware_bridge.transports.ble_pairing import asks_for_pairing
from firmware_bridge.transports.bluetooth import Radio, open_radio
from firmware_bridge.transports.mtu import att_mtu

_LOG = logging.getLogger(__name__)
_SCAN_S, _CONNECT_S, _START_S, _GOODBYE_S = 10.0, 20.0, 20.0, 3.0
_LISTEN_S = 0.2
_ID_CHARACTERS = 8
_MTU_TRIES, _MTU_PAUSE_S = 8, 0.25


class StreamEnded(Exception):  # noqa: N818 - an event, not a fault
    """The device ended its ECG by itself."""


class BleSession:
    """`streaming` is set once the device has agreed to stream."""

    def __init__(
        self, target: str, profile: BleProfile, feed: LiveFeed, silence_s: float, streaming: asyncio.Event
    ) -> None:
        self._target = target
        self._profile = profile
        self._feed = feed
        self._silence_s = silence_s
        self._streaming = streaming
        self._ending: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def run(self, hci: str) -> None:
        """Scan, connect, stream until the link breaks; always raises.

        Raises:
            StreamEnded: the device ended its ECG.
            BleakError: not found, refused, or the link broke.
        """
        async with open_radio(hci) as radio:
            found = await self._found(radio)
            client = BleakClient(found, self._on_disconnected, timeout=_CONNECT_S, **radio.client)
            try:
                await client.connect()
                await self._stream(client)
            finally:
                await _in_good_time(client.disconnect())

    async def _found(self, radio: Radio) -> BLEDevice:
        """The device, once its name or address is heard."""
        deadline_s = asyncio.get_running_loop().time() + _SCAN_S
        async with BleakScanner(**radio.scanner) as scanner:
            while asyncio.get_running_loop().time() < deadline_s:
                for device, advertised in scanner.discovered_devices_and_advertisement_data.values():
                    if self._is_target(device, advertised):
                        return device
                await asyncio.sleep(_LISTEN_S)
        if await radio.free(lambda address, name: is_named(self._target, address, name)):
            raise BleakError("was still connected for a program that has ended; disconnected")
        raise BleakError("not found by scanning")

    def _is_target(self, device: BLEDevice, advertised: AdvertisementData) -> bool:
        return is_named(self._target, device.address, advertised.local_name or device.name or "")

    async def _stream(self, client: BleakClient) -> None:
        profile = self._profile.control
        control = ControlPoint(client, profile, self._on_stopped) if profile else None
        try:
            async with asyncio.timeout(_START_S):
                await self._start_paired(client, control)
            self._feed.expect_ecg()
            self._streaming.set()
            raise await self._broken()
        finally:
            if control and client.is_connected and not self._ending.done():
                await _in_good_time(control.stop())

    async def _start_paired(self, client: BleakClient, control: ControlPoint | None) -> None:
        """Start; if the device asks for it, pair and start once more."""
        try:
            await self._start(client, control)
        except BleakError as error:
            if not asks_for_pairing(error):
                raise
            _LOG.info("%s: pairing", self._target)
            await client.pair()
            await self._unsubscribe(client)
            await self._start(client, control)

    async def _start(self, client: BleakClient, control: ControlPoint | None) -> None:
        await self._subscribe(client)
        if control:
            await control.start()

    async def _unsubscribe(self, client: BleakClient) -> None:
        """From everything, as far as it was subscribed to."""
        for each in client.services.characteristics.values():
            if {"notify", "indicate"} & set(each.properties):
                with contextlib.suppress(BleakError, KeyError):
                    await client.stop_notify(each)

    async def _subscribe(self, client: BleakClient) -> None:
        profile = self._profile
        offered = {each.uuid: each for each in client.services.characteristics.values()}
        if why_not := mismatch(profile, client.name, offered):
            raise BleakError(f"{client.name} {why_not}")
        ecg = profile.ecg if profile.ecg in offered else profile.ecg_before
        await _carries(offered[ecg], profile.min_mtu)
        for uuid in (*profile.reads, profile.battery):
            if uuid in offered:
                self._feed.arrived(bytes(await client.read_gatt_char(uuid)), uuid)
        for uuid in (ecg, *profile.side):
            if uuid in offered and "notify" in offered[uuid].properties:
                await client.start_notify(uuid, self._on_notification)

    async def _broken(self) -> Exception:
        """Wait for the end of the link, or of the ECG on it."""
        while (left_s := self._silence_s - self._feed.silent_for_s()) > 0:
            done, _ = await asyncio.wait({self._ending}, timeout=left_s)
            if done:
                return self._ending.result()
        return BleakError(f"connected, but no ECG for {self._silence_s:g} s")

    def _on_notification(self, characteristic: Any, payload: bytearray) -> None:
        self._feed.arrived(bytes(payload), characteristic.uuid)

    def _on_disconnected(self, _client: BleakClient) -> None:
        self._end(BleakError("disconnected"))

    def _on_stopped(self) -> None:
        self._end(StreamEnded("the device ended its ECG"))

    def _end(self, reason: Exception) -> None:
        if not self._ending.done():
            self._ending.set_result(reason)


async def _carries(ecg: BleakGATTCharacteristic, min_mtu: int) -> None:
    """Wait until the link carries whole messages: the MTU may be agreed upon a moment after connecting."""
    for _ in range(_MTU_TRIES):
        if (mtu := await att_mtu(ecg, min_mtu)) >= min_mtu:
            return
        await asyncio.sleep(_MTU_PAUSE_S)
    raise BleakError(f"the link carries messages of {mtu} bytes (MTU), and the ECG needs {min_mtu}")


async def _in_good_time(goodbye: Coroutine[Any, Any, None]) -> None:
    """Leave politely, but never hang on a link that is gone."""
    with contextlib.suppress(BleakError, OSError, EOFError, TimeoutError):
        async with asyncio.timeout(_GOODBYE_S):
            await goodbye


def is_named(target: str, address: str, name: str) -> bool:
    """Whether `target` is the address, the whole name, or the identity at the name's end.

    Never a mere beginning: two straps in one home must not be taken for each other.
    """
    wanted = target.casefold()
    identity = name.casefold().rpartition(" ")[2]
    return wanted in {address.casefold(), name.casefold()} or (
        len(identity) >= _ID_CHARACTERS and wanted == identity
    )


def mismatch(profile: BleProfile, name: str, offered: Container[str]) -> str:
    """Why a device with these characteristics is none of this profile; empty where it is one."""
    kind = profile.name_prefix or "device of this kind"
    if profile.has_own_name and not profile.is_name(name):
        return f"is no {kind}: its name is another, and its characteristics alone do not tell"
    wanted = [profile.control.uuid] if profile.control else []
    if profile.ecg_before not in offered:
        wanted.append(profile.ecg)
    missing = [uuid for uuid in wanted if uuid not in offered]
    return f"is no {kind}: lacks {missing[0]}" if missing else ""
