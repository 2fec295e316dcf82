"""`capture://FILE?device=polar_h10`: the bytes of a real session through the decoder once more."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_bridge.capture import DamagedBytes, read_capture
from firmware_bridge.device import Device
from firmware_bridge.pace import Pace
from firmware_bridge.packets import Damage, Packet, Received
from firmware_bridge.source_uri import SourceUri
from firmware_bridge.transport import TransportError

OPTIONS = {"device", "fs", "speed"}


class CaptureTransport:
    """Plays at the pace of arrival; damaged entries come out as `Damage`.

    Times of arrival are as far apart as they were, at any speed.
    """

    def __init__(self, uri: SourceUri) -> None:
        uri.allow(OPTIONS)
        self._path = Path(uri.target).expanduser()
        self._support = uri.support()
        self._speed = uri.speed()

    @property
    def device(self) -> Device:
        """The device that was captured."""
        return self._support.device

    async def __aenter__(self) -> Self:
        if not self._path.is_file():
            raise TransportError(f"{self._path}: there is no such capture file")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The file is closed when its last entry is read."""

    async def packets(self) -> AsyncIterator[Received]:
        """The whole file, then the end."""
        decoder = self._support.make_decoder()
        pace = Pace(self._speed)
        began_ns = time.time_ns()
        first_ns: int | None = None
        at_ns = began_ns
        for entry in read_capture(self._path):
            packets: list[Packet]
            if isinstance(entry, DamagedBytes):
                packets = [Damage(entry.n_bytes, f"{self._path}: damaged capture")]
            else:
                first_ns = entry.host_time_ns if first_ns is None else first_ns
                await pace.until((entry.host_time_ns - first_ns) / 1e9)
                at_ns = began_ns + entry.host_time_ns - first_ns
                packets = decoder.feed(entry.payload, entry.channel)
            for packet in packets:
                yield Received(packet, at_ns)
