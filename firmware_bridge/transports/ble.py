"""`ble://NAME_OR_ADDRESS?device=polar_h10`: a Bluetooth LE wearable that is found again when lost.

Options: `hci` one of the system's adapters (`hci1`), or a controller over HCI in place of the system's
Bluetooth (`tcp-client:127.0.0.1:9111`, `usb:0`); `timeout` seconds to the first ECG before giving up
(default: never); `silence` seconds without ECG after which the link counts as lost (5); `until=stopped` ends
when the device ends its ECG; `fs` the rate to ask for, of a device that has several; `capture` a file for
the raw bytes.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from bleak.exc import BleakError

from firmware_bridge.device import Device
from firmware_bridge.live_feed import LiveFeed
from firmware_bridge.packets import Received
from firmware_bridge.reconnect import backoff_s
from firmware_bridge.source_uri import SourceUri
from firmware_bridge.transport import TransportError
from firmware_bridge.transports.ble_session import BleSession, StreamEnded
from firmware_bridge.transports.bluetooth import no_bluetooth

OPTIONS = {"device", "fs", "hci", "timeout", "silence", "until", "capture"}
_STEADY_S = 30.0


class BleTransport:
    """Entering waits for the first ECG stream; leaving stops the stream and disconnects."""

    def __init__(self, uri: SourceUri) -> None:
        uri.allow(OPTIONS)
        self._uri = uri
        self._support = uri.support()
        if self._support.ble is None:
            raise TransportError(f"{uri.text}: {self._support.device.name} does not speak Bluetooth LE")
        if not uri.target:
            raise TransportError(f"{uri.text}: give the name or address of the device after ble://")
        if uri.get("until") not in {"", "stopped"}:
            raise TransportError(f"{uri.text}: until={uri.get('until')}; there is only until=stopped")
        self._timeout_s = uri.number("timeout", 0, least=0.1) if uri.get("timeout") else None
        self._silence_s = uri.number("silence", 5.0, least=0.5)
        self._feed: LiveFeed | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._last_failure = ""

    @property
    def device(self) -> Device:
        """Known from the option `device`."""
        return self._support.device

    async def __aenter__(self) -> Self:
        decoder, has_waveform = self._support.make_decoder(), bool(self._support.device.leads)
        self._feed = LiveFeed(self._uri.target, decoder, self._uri.get("capture"), has_waveform=has_waveform)
        streaming = asyncio.Event()
        self._keeper = asyncio.create_task(self._keep_streaming(self._feed, streaming))
        self._keeper.add_done_callback(self._feed.keeper_ended)
        try:
            await self._first_stream(self._keeper, streaming)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({self._keeper})
        if self._feed:
            self._feed.close()

    def packets(self) -> AsyncIterator[Received]:
        """Packets as they arrive."""
        assert self._feed, "open the transport first"
        return self._feed.inbox.received()

    async def _first_stream(self, keeper: asyncio.Task[None], streaming: asyncio.Event) -> None:
        """Wait until the ECG streams; raise what the keeper raised, or that the time is over."""
        first = asyncio.create_task(streaming.wait())
        await asyncio.wait({first, keeper}, timeout=self._timeout_s, return_when=asyncio.FIRST_COMPLETED)
        first.cancel()
        if keeper.done():
            keeper.result()
        if not streaming.is_set():
            why = self._last_failure or "is it worn and near?"
            raise TransportError(f"{self._uri.target}: no ECG within {self._timeout_s:g} s; {why}")

    async def _keep_streaming(self, feed: LiveFeed, streaming: asyncio.Event) -> None:
        profile = self._support.ble
        assert profile
        delays = backoff_s()
        while True:
            session = BleSession(self._uri.target, profile, feed, self._silence_s, streaming)
            started_s = asyncio.get_running_loop().time()
            try:
                await session.run(self._uri.get("hci"))
            except StreamEnded as ended:
                if self._uri.get("until") == "stopped":
                    feed.inbox.end()
                    return
                feed.lost(str(ended))
            except (BleakError, OSError, EOFError, TimeoutError) as error:
                if not streaming.is_set() and (reason := no_bluetooth(error)):
                    raise TransportError(f"{self._uri.target}: {reason}") from error
                self._last_failure = " ".join(str(error).split()) or type(error).__name__
                feed.lost(self._last_failure)
            if asyncio.get_running_loop().time() - started_s > _STEADY_S:
                delays = backoff_s()
            await asyncio.sleep(next(delays))
