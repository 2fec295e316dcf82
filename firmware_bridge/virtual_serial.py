"""A serial wearable made of software: any device of `DEVICES` with a port, encoded by its own emulation.

It sends from the start, or once it is told to where the device has a start command; its samples and its
counter stand still while it is stopped.
"""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from firmware_bridge.devices.support import Counts, DeviceSupport
from firmware_bridge.pace import Pace
from firmware_bridge.pseudo_terminal import PseudoTerminal
from firmware_bridge.strap_signal import framed

_BLOCK_S = 0.05
_UV_PER_MV = 1000


@dataclass(frozen=True, slots=True)
class Troubles:
    """Shares (0 to 1) of messages that never come and that come with a byte changed; `seed` of which."""

    drop: float = 0.0
    corrupt: float = 0.0
    seed: int = 0


@dataclass(slots=True)
class Played:
    """How a performance went: samples, and messages by what became of them."""

    n_samples: int = 0
    n_sent: int = 0
    n_dropped: int = 0
    n_corrupted: int = 0
    n_unread: int = 0


async def play(
    support: DeviceSupport,
    terminal: PseudoTerminal,
    uv: Iterator[npt.NDArray[np.int32]],
    troubles: Troubles,
    speed: float = 1.0,
) -> Played:
    """Send the signal to its end, a whole number of messages."""
    each = support.emulation.samples_per_message
    block = each * max(1, round(_BLOCK_S * support.device.fs_hz / each))
    player = _Player(support, terminal, troubles)
    loop = asyncio.get_running_loop()
    loop.add_reader(terminal.fileno(), player.listen)
    try:
        await _perform(player, framed(uv, block), speed)
    finally:
        loop.remove_reader(terminal.fileno())
    return player.played


async def _perform(player: "_Player", pieces: Iterator[npt.NDArray[np.int32]], speed: float) -> None:
    pace, begun = Pace(speed), 0
    for piece in pieces:
        if not player.is_on.is_set():
            await player.is_on.wait()
            pace, begun = Pace(speed), player.played.n_samples
        player.send(piece)
        await pace.until((player.played.n_samples - begun) / player.fs_hz)


class _Player:
    def __init__(self, support: DeviceSupport, terminal: PseudoTerminal, troubles: Troubles) -> None:
        assert support.serial, "only devices with a port are played here"
        self._support, self._profile, self._terminal = support, support.serial, terminal
        self._troubles, self._random = troubles, random.Random(troubles.seed)  # noqa: S311 - no secret
        self._heard = b""
        self.fs_hz = support.device.fs_hz
        self.played = Played()
        self.is_on = asyncio.Event()
        if not self._profile.start:
            self.is_on.set()

    def listen(self) -> None:
        """Take the commands that have come."""
        self._heard += self._terminal.heard()
        if not self._profile.start:
            self._heard = b""
        while self._heard:
            if self._heard.startswith(self._profile.start):
                self.is_on.set()
                self._heard = self._heard.removeprefix(self._profile.start)
            elif self._profile.start.startswith(self._heard):
                return
            else:
                if self._heard.startswith(self._profile.stop):
                    self.is_on.clear()
                self._heard = self._heard[1:]

    def send(self, uv: npt.NDArray[np.int32]) -> None:
        """The next samples, with their troubles."""
        each = self._support.emulation.samples_per_message
        uv = uv[: len(uv) // each * each]
        counts = _counts(self._support, uv)
        for _, message in self._support.emulation.encode(counts, self.played.n_samples):
            if self._random.random() < self._troubles.drop:
                self.played.n_dropped += 1
            elif self._terminal.say(self._spoiled(message)):
                self.played.n_sent += 1
            else:
                self.played.n_unread += 1
        self.played.n_samples += len(uv)

    def _spoiled(self, message: bytes) -> bytes:
        if self._random.random() >= self._troubles.corrupt:
            return message
        self.played.n_corrupted += 1
        spoiled = bytearray(message)
        spoiled[self._random.randrange(len(spoiled))] ^= self._random.randrange(1, 256)
        return bytes(spoiled)


def _counts(support: DeviceSupport, uv: npt.NDArray[np.int32]) -> Counts:
    """Every lead sees the same."""
    device, emulation = support.device, support.emulation
    counts = np.rint(uv * (device.adc_gain / _UV_PER_MV)) + device.baseline
    column = np.clip(counts, emulation.least, emulation.most).astype(np.int32)
    return np.tile(column[:, None], (1, len(device.leads)))
