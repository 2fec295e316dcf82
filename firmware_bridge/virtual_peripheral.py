"""A wearable made of software: a real GATT server on a virtual radio, playing any ECG.

Its time is a body's time: it begins when a central first starts the ECG and runs on while nobody listens,
so what passes during an outage is lost. Timestamps and counters are those of the samples, at any speed.
"""

import asyncio
import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Protocol

import numpy as np
import numpy.typing as npt
from bumble.transport.common import Transport

from firmware_bridge.devices.heart_rate import CHANNEL as HEART_RATE
from firmware_bridge.devices.heart_rate import heart_rate_bytes
from firmware_bridge.devices.support import Counts, DeviceSupport, Message
from firmware_bridge.pace import Pace
from firmware_bridge.packets import HeartRate
from firmware_bridge.strap_signal import PulseMeter, framed
from firmware_bridge.virtual_radio import VirtualRadio

_LOG = logging.getLogger(__name__)
_LAST_WORD_S = 60.0
_PULSE_FS_HZ = 250
_PULSE_EVERY_S = 0.5


class VirtualDeviceError(Exception):
    """The virtual device cannot be set up; one line for a person."""

    for_user = True


@dataclass(frozen=True, slots=True)
class VirtualPeripheral:
    """`drop`: share of messages lost on the air; `cut_after_s`, `cut_for_s`: in the body's time.

    `mtu`: the largest that it agrees to; with `pairing` it answers only who is paired.
    `vhci`: the kernel's virtual HCI (`/dev/vhci`), in place of `host` and `port`.
    """

    support: DeviceSupport
    name: str
    host: str = "127.0.0.1"
    port: int = 9111
    address: str = "C0:11:22:33:44:55"
    speed: float = 1.0
    drop: float = 0.0
    cut_after_s: float | None = None
    cut_for_s: float = 5.0
    battery_percent: int = 87
    seed: int = 0
    mtu: int = 517
    pairing: bool = False
    vhci: str = ""

    @property
    def hci(self) -> str:
        """The way to it, as the option `hci` of a `ble://` source; empty: this computer's own Bluetooth."""
        return "" if self.vhci else f"tcp-client:{self.host}:{self.port}"

    @property
    def signal_fs_hz(self) -> int:
        """Rate of the signal that it is played, in Hz; a strap without a waveform feels the pulse in it."""
        device = self.support.device
        return round(device.fs_hz) if device.leads else _PULSE_FS_HZ

    @property
    def frame(self) -> int:
        """Samples that it takes at a time."""
        if not self.support.device.leads:
            return round(_PULSE_EVERY_S * _PULSE_FS_HZ)
        return self.support.emulation.samples_per_message


@dataclass(frozen=True, slots=True)
class Played:
    """How a performance went, in samples."""

    n_samples: int
    n_sent: int


class GattServer(Protocol):
    """What a peripheral's server does while it plays."""

    async def begun(self) -> None:
        """Return once a central has started the stream for the first time."""
        ...

    async def advertise(self) -> None:
        """Be found."""
        ...

    async def send(self, channel: str, value: bytes) -> bool:
        """Notify a message; false when nobody listens."""
        ...

    def cut(self, away_s: float) -> None:
        """Break the link, and be out of range for a while."""
        ...

    async def finish(self, patience_s: float) -> None:
        """The signal is over: take leave, after all of it was heard."""
        ...


async def play(peripheral: VirtualPeripheral, blocks: Iterator[npt.NDArray[np.int32]]) -> Played:
    """Serve until the signal (microvolts `[n]` at `signal_fs_hz`) ends and the central has heard all of it.

    Raises:
        VirtualDeviceError: the address, or the virtual HCI, cannot be listened on.
    """
    frames = framed(blocks, peripheral.frame)
    ready = list(islice(frames, 1))  # opens the source before a central waits for it
    radio = VirtualRadio(peripheral.name, peripheral.address, peripheral.mtu)
    server = _server(peripheral, radio)
    async with await _open(peripheral, radio):
        await server.advertise()
        _LOG.info("%s waits on %s", peripheral.name, peripheral.hci or peripheral.vhci)
        played = await _stream(peripheral, server, chain(ready, frames))
        await server.finish(_LAST_WORD_S)
        await radio.close()
    return played


async def _open(peripheral: VirtualPeripheral, radio: VirtualRadio) -> asyncio.Server | Transport:
    try:
        if peripheral.vhci:
            return await radio.open_vhci(peripheral.vhci)
        return await radio.open(peripheral.host, peripheral.port)
    except OSError as error:
        where = peripheral.vhci or f"{peripheral.host}:{peripheral.port}"
        hint = " (as root, after modprobe hci_vhci)" if peripheral.vhci else ""
        raise VirtualDeviceError(f"cannot listen on {where}: {error.strerror or error}{hint}") from error


def _server(peripheral: VirtualPeripheral, radio: VirtualRadio) -> GattServer:
    """A device that answers on its control point has a server of its own."""
    from firmware_bridge.virtual_gatt import EmulatedServer
    from firmware_bridge.virtual_h10_gatt import StrapServer

    profile = peripheral.support.ble
    assert profile
    if profile.control and profile.control.parse:
        return StrapServer(radio.peripheral, peripheral.battery_percent, pairing=peripheral.pairing)
    return EmulatedServer(
        radio.peripheral, peripheral.support, peripheral.battery_percent, pairing=peripheral.pairing
    )


async def _stream(
    peripheral: VirtualPeripheral, server: GattServer, frames: Iterator[npt.NDArray[np.int32]]
) -> Played:
    fs_hz, losses = peripheral.signal_fs_hz, random.Random(peripheral.seed)  # noqa: S311 - no secret
    encoder = _Encoder(peripheral)
    cut_at = peripheral.cut_after_s * fs_hz if peripheral.cut_after_s is not None else None
    n = n_sent = 0
    await server.begun()
    pace = Pace(peripheral.speed)
    for uv in frames:
        messages, pulses = encoder.feed(uv, n)
        n += len(uv)
        await pace.until(n / fs_hz)
        if cut_at is not None and n > cut_at:
            cut_at = None
            server.cut(peripheral.cut_for_s / peripheral.speed)
        for channel, value in messages:
            if losses.random() >= peripheral.drop and await server.send(channel, value):
                n_sent += len(uv)
        for channel, value in pulses:
            await server.send(channel, value)
    return Played(n, n_sent)


class _Encoder:
    """From microvolts to what the device says: its waveform, and its heart rate where it tells one."""

    def __init__(self, peripheral: VirtualPeripheral) -> None:
        support = peripheral.support
        self._support = support
        profile = support.ble
        self._pulse = (
            PulseMeter(peripheral.signal_fs_hz)
            if profile and HEART_RATE in {profile.ecg, *profile.side}
            else None
        )

    def feed(self, uv: npt.NDArray[np.int32], first_index: int) -> tuple[list[Message], list[Message]]:
        """Messages of the stream, and what is told beside it."""
        beat = self._pulse.feed(uv) if self._pulse else None
        pulses = [(HEART_RATE, heart_rate_bytes(HeartRate(*beat, contact=True)))] if beat else []
        if not self._support.device.leads:
            return pulses, []
        return self._support.emulation.encode(self._counts(uv), first_index), pulses

    def _counts(self, uv: npt.NDArray[np.int32]) -> Counts:
        """The same signal on every lead."""
        device, emulation = self._support.device, self._support.emulation
        counts = np.rint(uv * (device.adc_gain / 1000)).astype(np.int32) + device.baseline
        within = counts.clip(emulation.least, emulation.most)
        return np.repeat(within[:, None], len(device.leads), axis=1)
