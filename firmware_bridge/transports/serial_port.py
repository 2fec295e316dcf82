"""`serial:///dev/ttyUSB0?device=openview`: a wearable on a serial or USB port, reopened when unplugged.

A device on the network is reached by `serial://socket://HOST:PORT?device=heartypatch`.

Options: `fs` samples a second, of a device that does not run at one rate, `baud` (default: the device's),
`silence` seconds without ECG after which the port is opened anew (5), `capture` a file for the raw bytes.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import serial

from firmware_bridge.device import Device
from firmware_bridge.live_feed import LiveFeed
from firmware_bridge.packets import Received
from firmware_bridge.reconnect import backoff_s
from firmware_bridge.source_uri import SourceUri
from firmware_bridge.transport import TransportError
from firmware_bridge.transports.serial_link import SOCKET, close_port, open_port, start_device, why

OPTIONS = {"device", "fs", "baud", "silence", "capture"}
_READ_BYTES = 4096
_STEADY_S = 30.0


class SerialTransport:
    """Entering opens the port, and fails if it cannot be; afterwards it is reopened for ever."""

    def __init__(self, uri: SourceUri) -> None:
        uri.allow(OPTIONS)
        self._support = uri.support()
        if self._support.serial is None:
            raise TransportError(f"{uri.text}: {self._support.device.name} has no serial port")
        self._profile = self._support.serial
        self._path = uri.target
        if "://" in self._path and not self._path.startswith(SOCKET):
            raise TransportError(f"{uri.text}: neither a device file nor {SOCKET}HOST:PORT")
        self._baud = int(uri.number("baud", self._profile.baud, least=1))
        self._silence_s = uri.number("silence", 5.0, least=0.5)
        self._feed = LiveFeed(self._path, self._support.make_decoder(), uri.get("capture"))
        self._keeper: asyncio.Task[None] | None = None

    @property
    def device(self) -> Device:
        """Known from the option `device`."""
        return self._support.device

    async def __aenter__(self) -> Self:
        try:
            port = await asyncio.to_thread(open_port, self._path, self._baud)
        except (OSError, ValueError) as error:
            self._feed.close()
            raise TransportError(f"{self._path}: cannot be opened: {why(error)}") from error
        self._keeper = asyncio.create_task(self._keep_reading(port))
        self._keeper.add_done_callback(self._feed.keeper_ended)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({self._keeper})
        self._feed.close()

    def packets(self) -> AsyncIterator[Received]:
        """Packets as they arrive."""
        return self._feed.inbox.received()

    async def _keep_reading(self, port: serial.SerialBase | None) -> None:
        delays = backoff_s()
        loop = asyncio.get_running_loop()
        while True:
            started_s = loop.time()
            try:
                await self._serve(port or await asyncio.to_thread(open_port, self._path, self._baud))
            except OSError as error:
                self._feed.lost(why(error))
            port = None
            if loop.time() - started_s > _STEADY_S:
                delays = backoff_s()
            await asyncio.sleep(next(delays))

    async def _serve(self, port: serial.SerialBase) -> None:
        """Start the device and feed what it sends; always ends with an `OSError`, and the port closed."""
        try:
            await start_device(port, self._profile)
            await self._read(port)
        finally:
            await close_port(port, self._profile)

    async def _read(self, port: serial.SerialBase) -> None:
        """Feed what comes until the port breaks or falls silent; always raises `OSError`."""
        broken: asyncio.Future[OSError] = asyncio.get_running_loop().create_future()
        line_end = self._profile.line_end

        def on_readable() -> None:
            nonlocal line_end
            try:
                arrived = port.read(_READ_BYTES)
            except OSError as error:
                asyncio.get_running_loop().remove_reader(descriptor)
                broken.set_result(error)
                return
            if line_end and line_end in arrived:
                arrived, line_end = arrived.partition(line_end)[2], b""
            if not line_end:
                self._feed.arrived(arrived)

        descriptor = port.fileno()
        self._feed.expect_ecg()
        asyncio.get_running_loop().add_reader(descriptor, on_readable)
        try:
            raise await self._end_of_reading(broken)
        finally:
            asyncio.get_running_loop().remove_reader(descriptor)

    async def _end_of_reading(self, broken: asyncio.Future[OSError]) -> OSError:
        while (left_s := self._silence_s - self._feed.silent_for_s()) > 0:
            done, _ = await asyncio.wait({broken}, timeout=left_s)
            if done:
                return broken.result()
        return OSError(f"no ECG for {self._silence_s:g} s")
