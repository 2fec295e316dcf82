"""The transport protocol, and the errors that every transport raises."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Protocol, Self

from firmware_bridge.device import Device
from firmware_bridge.packets import Received


class TransportError(Exception):
    """The source cannot be opened or read; the message is one line for a person."""

    for_user = True


class Transport(Protocol):
    """An open source of packets: `async with open_transport(uri) as transport: async for ... `.

    A live transport reconnects by itself and reports `LinkLost` and `LinkRestored`; a finite one ends.
    """

    @property
    def device(self) -> Device:
        """Known once the transport is open."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def packets(self) -> AsyncIterator[Received]:
        """Packets in order of arrival."""
        ...
