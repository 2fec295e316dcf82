"""The GATT server of a virtual Polar H10: heart rate, battery, device information and PMD."""

import asyncio
import logging
import struct
from collections.abc import Coroutine
from typing import Any

from bumble.att import Attribute
from bumble.core import UUID, AdvertisingData, BaseBumbleError
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service

from firmware_bridge.devices import polar_h10
from firmware_bridge.devices.polar_h10_frames import MIN_MTU
from firmware_bridge.devices.polar_pmd import (
    Measurement,
    Status,
    answer_bytes,
    features_bytes,
    settings_bytes,
    start_ecg,
    stopped_bytes,
)

_LOG = logging.getLogger(__name__)
_GET_SETTINGS, _START, _STOP = 1, 2, 3
_RESOLUTION_BIT = 14
_POLAR_COMPANY = 0x006B
_NONE, _READ = Attribute.Permissions(0), Attribute.Permissions.READABLE
_WRITE = Attribute.Permissions.WRITEABLE
_FLAGS = bytes(
    [AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE | AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED]
)


class StrapServer:
    """`started` is set when a central starts the ECG for the first time."""

    def __init__(self, device: Device, battery_percent: int) -> None:
        self.started = asyncio.Event()
        self._is_started = False
        self._streaming = asyncio.Event()
        self._device = device
        self._connection: Connection | None = None
        self._away_s = 0.0
        self._errands: set[asyncio.Task[Any]] = set()
        kinds = Characteristic.Properties
        self._heart_rate = Characteristic(polar_h10.Channel.HEART_RATE, kinds.NOTIFY, _NONE, b"")
        self._ecg = Characteristic(polar_h10.Channel.ECG, kinds.NOTIFY, _NONE, b"")
        self._control: Characteristic[bytes] = Characteristic(
            polar_h10.CONTROL,
            kinds.READ | kinds.WRITE | kinds.INDICATE,
            _READ | _WRITE,
            CharacteristicValue[bytes](read=_features, write=self._on_command),
        )
        device.add_services(self._services(battery_percent))
        device.advertising_data = _advertising(device.name)
        device.scan_response_data = _scan_response()
        device.on("connection", self._on_connection)

    def _services(self, battery_percent: int) -> list[Service]:
        kinds = Characteristic.Properties
        battery = Characteristic("2A19", kinds.READ | kinds.NOTIFY, _READ, bytes([battery_percent]))
        told = (("2A29", b"Polar Electro Oy"), ("2A24", b"H10"), ("2A26", b"5.0.0"))
        return [
            Service("180D", [self._heart_rate, Characteristic("2A38", kinds.READ, _READ, b"\x01")]),
            Service("180F", [battery]),
            Service("180A", [Characteristic(uuid, kinds.READ, _READ, value) for uuid, value in told]),
            Service(polar_h10.SERVICE, [self._control, self._ecg]),
        ]

    async def advertise(self) -> None:
        """Be found."""
        await self._device.start_advertising(auto_restart=False)

    async def send_ecg(self, frame: bytes) -> bool:
        """Notify a frame; false when nobody listens."""
        if not self._connection or not self._streaming.is_set():
            return False
        await self._device.notify_subscriber(self._connection, self._ecg, frame)
        return True

    async def send_heart_rate(self, value: bytes) -> None:
        """Notify a heart rate to who listens."""
        if self._connection:
            await self._device.notify_subscriber(self._connection, self._heart_rate, value)

    def cut(self, away_s: float) -> None:
        """Break the link, and be out of range for a while."""
        self._away_s = away_s
        if self._connection:
            self._stop()
            self._run(self._connection.disconnect())

    async def finish(self, patience_s: float) -> None:
        """Say that the ECG has ended, after all of it was heard, to the central or to its next connection."""
        try:
            async with asyncio.timeout(patience_s):
                await self._streaming.wait()
                await self._device.indicate_subscribers(self._control, stopped_bytes(Measurement.ECG))
                if self._connection:
                    await self._connection.disconnect()
        except (TimeoutError, BaseBumbleError):
            _LOG.warning("nobody listened at the end of the recording")

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        connection.on("disconnection", self._on_disconnection)
        _LOG.info("connected")

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self._stop()
        _LOG.info("disconnected")
        self._run(self._come_back())

    async def _come_back(self) -> None:
        away_s, self._away_s = self._away_s, 0.0
        await asyncio.sleep(away_s)
        await self.advertise()

    def _on_command(self, connection: Connection, command: bytes) -> None:
        opcode, measurement = command[0] if command else 0, command[1] & 0x3F if len(command) > 1 else 0
        status, parameters = self._obey(connection, opcode, measurement, bytes(command))
        answer = answer_bytes(opcode, measurement, status, parameters)
        self._run(self._answer(connection, answer, begins=opcode == _START and status is Status.OK))

    def _obey(
        self, connection: Connection, opcode: int, measurement: int, command: bytes
    ) -> tuple[Status, bytes]:
        if opcode not in {_GET_SETTINGS, _START, _STOP}:
            return Status.BAD_OPCODE, b""
        if measurement != Measurement.ECG:
            return Status.BAD_MEASUREMENT, b""
        if opcode == _GET_SETTINGS:
            return Status.OK, settings_bytes(polar_h10.FS_HZ, _RESOLUTION_BIT)
        if opcode == _STOP:
            self._stop()
            _LOG.info("ECG stopped by the central")
            return Status.OK, b""
        status = self._startable(connection, command)
        self._is_started |= status is Status.OK
        return status, b""

    def _stop(self) -> None:
        self._is_started = False
        self._streaming.clear()

    def _startable(self, connection: Connection, command: bytes) -> Status:
        if self._is_started:
            return Status.ALREADY_IN_STATE
        if connection.att_mtu < MIN_MTU:
            return Status.BAD_MTU
        return Status.OK if command == start_ecg() else Status.BAD_PARAMETER

    async def _answer(self, connection: Connection, answer: bytes, *, begins: bool) -> None:
        """Indicate; the stream begins once the central has heard that it will."""
        await self._device.indicate_subscriber(connection, self._control, answer)
        if begins and self._is_started and connection is self._connection:
            _LOG.info("ECG started by the central")
            self._streaming.set()
            self.started.set()

    def _run(self, errand: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)

    def _errand_done(self, task: asyncio.Task[Any]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _LOG.warning("%s", error)


def _features(_connection: Connection) -> bytes:
    return features_bytes(Measurement.ECG)


def _advertising(name: str) -> bytes:
    return bytes(
        AdvertisingData(
            [(AdvertisingData.FLAGS, _FLAGS), (AdvertisingData.COMPLETE_LOCAL_NAME, name.encode())]
        )
    )


def _scan_response() -> bytes:
    services, maker = bytes(UUID("180D")), struct.pack("<H", _POLAR_COMPANY) + b"\x00\x00"
    return bytes(
        AdvertisingData(
            [
                (AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, services),
                (AdvertisingData.MANUFACTURER_SPECIFIC_DATA, maker),
            ]
        )
    )
