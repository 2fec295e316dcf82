"""The GATT server of a virtual Polar H10: heart rate, battery, device information and PMD."""

import asyncio
import logging
import struct

from bumble.att import Attribute
from bumble.core import BaseBumbleError
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
from firmware_bridge.virtual_link import Advertised, VirtualLink

_LOG = logging.getLogger(__name__)
_GET_SETTINGS, _START, _STOP = 1, 2, 3
_RESOLUTION_BIT = 14
_POLAR = struct.pack("<H", 0x006B) + b"\x00\x00"
_NONE, _READ = Attribute.Permissions(0), Attribute.Permissions.READABLE
_WRITE = Attribute.Permissions.WRITEABLE


class StrapServer:
    """With `pairing` its control point answers only who is paired, as that of firmware 4 and later."""

    def __init__(self, device: Device, battery_percent: int, *, pairing: bool = False) -> None:
        self._started = asyncio.Event()
        self._is_started = False
        self._streaming = asyncio.Event()
        kinds = Characteristic.Properties
        self._heart_rate = Characteristic(polar_h10.Channel.HEART_RATE, kinds.NOTIFY, _NONE, b"")
        self._ecg = Characteristic(polar_h10.Channel.ECG, kinds.NOTIFY, _NONE, b"")
        locked = Attribute.Permissions.WRITE_REQUIRES_AUTHENTICATION if pairing else _NONE
        self._control: Characteristic[bytes] = Characteristic(
            polar_h10.CONTROL,
            kinds.READ | kinds.WRITE | kinds.INDICATE,
            _READ | _WRITE | locked,
            CharacteristicValue[bytes](read=_features, write=self._on_command),
        )
        services = self._services(battery_percent)
        self._link = VirtualLink(device, services, Advertised("180D", _POLAR), self._stop)

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

    async def begun(self) -> None:
        """Return once a central has started the ECG for the first time."""
        await self._started.wait()

    async def advertise(self) -> None:
        """Be found."""
        await self._link.advertise()

    def cut(self, away_s: float) -> None:
        """Break the link, and be out of range for a while."""
        self._link.cut(away_s)

    async def send(self, channel: str, value: bytes) -> bool:
        """Notify a frame of ECG, or a heart rate; false when nobody listens."""
        if channel == polar_h10.Channel.HEART_RATE:
            await self._link.notify(self._heart_rate, value)
            return True
        if not self._link.connection or not self._streaming.is_set():
            return False
        await self._link.notify(self._ecg, value)
        return True

    async def finish(self, patience_s: float) -> None:
        """Say that the ECG has ended, after all of it was heard, to the central or to its next connection."""
        try:
            async with asyncio.timeout(patience_s):
                await self._streaming.wait()
                await self._link.indicate(self._control, stopped_bytes(Measurement.ECG))
                await self._link.hang_up()
        except (TimeoutError, BaseBumbleError):
            _LOG.warning("nobody listened at the end of the recording")

    def _on_command(self, connection: Connection, command: bytes) -> None:
        opcode, measurement = command[0] if command else 0, command[1] & 0x3F if len(command) > 1 else 0
        status, parameters = self._obey(connection, opcode, measurement, bytes(command))
        answer = answer_bytes(opcode, measurement, status, parameters)
        self._link.run(self._answer(connection, answer, begins=opcode == _START and status is Status.OK))

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
        await self._link.indicate(self._control, answer)
        if begins and self._is_started and connection is self._link.connection:
            _LOG.info("ECG started by the central")
            self._streaming.set()
            self._started.set()


def _features(_connection: Connection) -> bytes:
    return features_bytes(Measurement.ECG)
