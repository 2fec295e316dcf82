"""The queue between a live link and its reader: bounded, and honest about what did not fit."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace

from firmware_bridge.packets import Damage, LinkLost, LinkRestored, Packet, Received, SampleBlock

_CAPACITY = 4096


class Inbox:
    """What does not fit is dropped, told as one `Damage`, and its samples as the next `lost_before`."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: deque[Received] = deque()
        self._changed = asyncio.Event()
        self._ended = False
        self._error: Exception | None = None
        self._dropped = 0
        self._lost = 0

    def put(self, packets: Iterable[Packet]) -> None:
        """Add what has just arrived; never waits."""
        now_ns = time.time_ns()
        for packet in packets:
            if len(self._waiting) >= self._capacity and not isinstance(packet, LinkLost | LinkRestored):
                self._drop(packet)
            else:
                self._waiting.extend(Received(told, now_ns) for told in self._told(packet))
        self._changed.set()

    def end(self, error: Exception | None = None) -> None:
        """Nothing more will come; the reader ends, or raises `error`, after what is waiting."""
        self._ended, self._error = True, error
        self._changed.set()

    async def received(self) -> AsyncIterator[Received]:
        """Packets in order of arrival, until the end."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._ended:
                if self._error:
                    raise self._error
                return
            self._changed.clear()
            await self._changed.wait()

    def _drop(self, packet: Packet) -> None:
        self._dropped += 1
        if isinstance(packet, SampleBlock):
            self._lost += len(packet.counts) + packet.lost_before

    def _told(self, packet: Packet) -> list[Packet]:
        told: list[Packet] = []
        if self._dropped:
            told.append(Damage(0, f"{self._dropped} packets dropped: they were read too slowly"))
            self._dropped = 0
        if self._lost and isinstance(packet, SampleBlock):
            packet = replace(packet, lost_before=packet.lost_before + self._lost)
            self._lost = 0
        return [*told, packet]
