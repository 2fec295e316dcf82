"""Two virtual Bluetooth controllers on one link: one for a peripheral, one for a central.

The central is whoever connects by TCP, or this computer's own Bluetooth, by the kernel's `/dev/vhci`.
"""

import asyncio
import logging
from typing import Any

from bumble import ll
from bumble.controller import Controller
from bumble.device import Device, DeviceConfiguration
from bumble.hci import HCI_CONNECTION_TIMEOUT_ERROR, Address, LeFeatureMask
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import StreamPacketSink, StreamPacketSource, Transport
from bumble.transport.vhci import open_vhci_transport

_LOG = logging.getLogger(__name__)
_ADVERTISING_INTERVAL_MS = 100
_LARGEST_MTU = 517
# with these the kernel waits for an event that bumble never sends: github.com/google/bumble/issues/841
_NOT_WITH_KERNEL = LeFeatureMask.LL_PRIVACY | LeFeatureMask.LE_EXTENDED_ADVERTISING


class _CentralPort(StreamPacketSource):
    """One TCP connection of a central: HCI packets in, and its end told."""

    def __init__(self, radio: "VirtualRadio") -> None:
        super().__init__()
        self._radio = radio

    def connection_made(self, transport: Any) -> None:
        self._radio.central_came(self, transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        self._radio.central_went(self)


class VirtualRadio:
    """`peripheral` is a powered bumble device; a central reaches it through `tcp-client:HOST:PORT`."""

    def __init__(self, name: str, address: str, mtu: int = _LARGEST_MTU) -> None:
        self._link = LocalLink()  # type: ignore[no-untyped-call]
        near = Controller("peripheral", link=self._link)
        self._far = Controller("central", link=self._link)
        config = DeviceConfiguration(name=name, address=Address(address))
        config.advertising_interval_min = config.advertising_interval_max = _ADVERTISING_INTERVAL_MS
        self.peripheral = Device(config=config, host=Host(near, near))
        self.peripheral.gatt_server.max_mtu = mtu
        self._port: _CentralPort | None = None
        self._transport: asyncio.Transport | None = None
        self._nobody = asyncio.Event()

    async def open(self, host: str, port: int) -> asyncio.Server:
        """Power the peripheral on and listen for one central at a time.

        Raises:
            OSError: the port cannot be used.
        """
        server = await asyncio.get_running_loop().create_server(lambda: _CentralPort(self), host, port)
        await self.peripheral.power_on()
        return server

    async def open_vhci(self, path: str) -> Transport:
        """Power the peripheral on and be an adapter of this computer, until the transport is closed.

        Raises:
            OSError: there is no virtual HCI at `path`, or it may not be used.
        """
        transport = await open_vhci_transport(path)
        self._far.le_features &= ~_NOT_WITH_KERNEL
        transport.source.set_packet_sink(self._far)
        self._far.host = transport.sink
        await self.peripheral.power_on()
        return transport

    async def close(self) -> None:
        """Hang up on the central, after what it was sent."""
        if self._transport:
            self._transport.close()
            await self._nobody.wait()

    def central_came(self, port: _CentralPort, transport: asyncio.Transport) -> None:
        """Give the far controller to the one who connected, unless it is in use."""
        if self._port:
            _LOG.warning("a second central was turned away")
            transport.abort()
            return
        self._port, self._transport = port, transport
        self._nobody.clear()
        port.set_packet_sink(self._far)
        self._far.host = StreamPacketSink(transport)

    def central_went(self, port: _CentralPort) -> None:
        """The central's process is gone: what it was connected to hears the link time out."""
        if port is not self._port:
            return
        self._port = None
        self._nobody.set()
        self._far.host = None
        self._far.pending_le_connection = None
        self._far.le_scan_enable = False
        for connection in list(self._far.le_connections.values()):
            connection.send_ll_control_pdu(ll.TerminateInd(HCI_CONNECTION_TIMEOUT_ERROR))
            del self._far.le_connections[connection.peer_address]
