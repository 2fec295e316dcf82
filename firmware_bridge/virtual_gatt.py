"""The GATT server of any supported device, made from its Bluetooth profile and its emulation."""

import asyncio
import logging
from typing import Any

from bumble.att import Attribute
from bumble.core import BaseBumbleError
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service

from firmware_bridge.devices import battery_level, heart_rate
from firmware_bridge.devices.support import BleProfile, DeviceSupport
from firmware_bridge.virtual_link import Advertised, VirtualLink

_LOG = logging.getLogger(__name__)
_Permissions = Attribute.Permissions
_READ, _WRITE, _NONE = _Permissions.READABLE, _Permissions.WRITEABLE, _Permissions(0)
_KIND = Characteristic.Properties
_BATTERY_SERVICE, _INFORMATION_SERVICE, _FIRMWARE = "180F", "180A", "2A26"
_REVISION = b"3.0.0"


class EmulatedServer:
    """The stream begins with the start command, or where there is none when a central subscribes."""

    def __init__(
        self, device: Device, support: DeviceSupport, battery_percent: int, *, pairing: bool = False
    ) -> None:
        assert support.ble, "only of devices with Bluetooth"
        self._profile: BleProfile = support.ble
        self._answer = support.emulation.answer
        self._started, self._streaming = asyncio.Event(), asyncio.Event()
        self._notified: dict[str, Characteristic[bytes]] = {
            uuid: Characteristic(uuid, _KIND.NOTIFY, _NONE, b"")
            for uuid in (self._profile.ecg, *self._profile.side)
            if uuid != battery_level.CHANNEL
        }
        self._notified[self._profile.ecg].on("subscription", self._on_subscription)
        services = self._services(battery_percent, pairing=pairing)
        self._link = VirtualLink(device, services, Advertised(_short(self._profile.service)), self._stop)

    async def begun(self) -> None:
        """Return once a central has started the stream for the first time."""
        await self._started.wait()

    async def advertise(self) -> None:
        """Be found."""
        await self._link.advertise()

    async def send(self, channel: str, value: bytes) -> bool:
        """Notify a message; false when nobody listens."""
        if not self._link.connection or not self._streaming.is_set():
            return False
        await self._link.notify(self._notified[channel], value)
        return True

    def cut(self, away_s: float) -> None:
        """Break the link, and be out of range for a while."""
        self._link.cut(away_s)

    async def finish(self, patience_s: float) -> None:
        """Hang up, after all of it was heard."""
        try:
            async with asyncio.timeout(patience_s):
                await self._streaming.wait()
                await self._link.hang_up()
        except (TimeoutError, BaseBumbleError):
            _LOG.warning("nobody listened at the end of the recording")

    def _services(self, battery_percent: int, *, pairing: bool) -> list[Service]:
        profile = self._profile
        main = [each for uuid, each in self._notified.items() if uuid != heart_rate.CHANNEL]
        if profile.control:
            locked = _Permissions.WRITE_REQUIRES_AUTHENTICATION if pairing else _NONE
            value = CharacteristicValue[bytes](write=self._on_command)
            main.append(Characteristic(profile.control.uuid, _KIND.WRITE, _WRITE | locked, value))
        told = [_text(uuid, _REVISION) for uuid in (_FIRMWARE, *profile.reads)]
        battery = Characteristic("2A19", _KIND.READ | _KIND.NOTIFY, _READ, bytes([battery_percent]))
        services = [Service(profile.service, main)] if main else []
        if pulse := self._notified.get(heart_rate.CHANNEL):
            services.append(Service(heart_rate.SERVICE, [pulse]))
        return [*services, Service(_BATTERY_SERVICE, [battery]), Service(_INFORMATION_SERVICE, told)]

    def _on_command(self, _connection: Connection, command: bytes) -> None:
        control = self._profile.control
        assert control
        for channel, value in self._answer(bytes(command)) if self._answer else ():
            self._link.run(self._link.notify(self._notified[channel], value))
        if command == control.start:
            self._start()
        elif command == control.stop:
            _LOG.info("ECG stopped by the central")
            self._stop()

    def _on_subscription(self, _connection: Any, is_notified: bool, _is_indicated: bool) -> None:  # noqa: FBT001
        if self._profile.control:
            return
        if is_notified:
            self._start()
        else:
            self._stop()

    def _start(self) -> None:
        _LOG.info("ECG started by the central")
        self._started.set()
        self._streaming.set()

    def _stop(self) -> None:
        self._streaming.clear()


def _text(uuid: str, value: bytes) -> Characteristic[bytes]:
    return Characteristic(uuid, _KIND.READ, _READ, value)


def _short(uuid: str) -> str:
    """The 16 bits of a UUID of the Bluetooth SIG; others as they are."""
    return uuid[4:8] if uuid.endswith("-0000-1000-8000-00805f9b34fb") else uuid
