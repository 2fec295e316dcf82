"""A Polar H10 made of software: a real GATT server on a virtual radio, playing any ECG.

Its time is a body's time: it begins when a central first starts the ECG and runs on while nobody listens,
so what passes during an outage is lost. Timestamps are those of the samples, at any speed.
"""

import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import numpy.typing as npt

from firmware_bridge.devices.heart_rate import heart_rate_bytes
from firmware_bridge.devices.polar_h10 import FS_HZ
from firmware_bridge.devices.polar_h10_frames import DEVICE_EPOCH_NS, SAMPLES_PER_FRAME, ecg_frame
from firmware_bridge.pace import Pace
from firmware_bridge.packets import HeartRate
from firmware_bridge.strap_signal import PulseMeter, framed
from firmware_bridge.virtual_h10_gatt import StrapServer
from firmware_bridge.virtual_radio import VirtualRadio

_LOG = logging.getLogger(__name__)
_LAST_WORD_S = 60.0
_DEFAULT_NAME = "Polar H10 00000001"


class VirtualDeviceError(Exception):
    """The virtual device cannot be set up; one line for a person."""

    for_user = True


@dataclass(frozen=True, slots=True)
class VirtualH10:
    """`drop`: share of ECG frames lost on the air; `cut_after_s`, `cut_for_s`: in the body's time."""

    host: str = "127.0.0.1"
    port: int = 9111
    name: str = _DEFAULT_NAME
    address: str = "C0:11:22:33:44:55"
    speed: float = 1.0
    drop: float = 0.0
    cut_after_s: float | None = None
    cut_for_s: float = 5.0
    battery_percent: int = 87
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Played:
    """How a performance went, in samples."""

    n_samples: int
    n_sent: int


async def play(strap: VirtualH10, blocks: Iterator[npt.NDArray[np.int32]]) -> Played:
    """Serve the strap until its signal (microvolts `[n]` at 130 Hz) ends and the central has heard all of it.

    Raises:
        VirtualDeviceError: the address cannot be listened on.
    """
    frames = framed(blocks, SAMPLES_PER_FRAME)
    ready = list(islice(frames, 1))  # opens the source before a central waits for it
    radio = VirtualRadio(strap.name, strap.address)
    server = StrapServer(radio.peripheral, strap.battery_percent)
    try:
        listening = await radio.open(strap.host, strap.port)
    except OSError as error:
        reason = error.strerror or error
        raise VirtualDeviceError(f"cannot listen on {strap.host}:{strap.port}: {reason}") from error
    async with listening:
        await server.advertise()
        _LOG.info("%s waits on tcp-client:%s:%d", strap.name, strap.host, strap.port)
        played = await _stream(strap, server, chain(ready, frames))
        await server.finish(_LAST_WORD_S)
        await radio.close()
    return played


async def _stream(strap: VirtualH10, server: StrapServer, frames: Iterator[npt.NDArray[np.int32]]) -> Played:
    rng = random.Random(strap.seed)  # noqa: S311 - a radio's losses, no secret
    pulse = PulseMeter(FS_HZ)
    cut_at = strap.cut_after_s * FS_HZ if strap.cut_after_s is not None else None
    n = n_sent = 0
    await server.started.wait()
    pace = Pace(strap.speed)
    for uv in frames:
        n += len(uv)
        await pace.until(n / FS_HZ)
        if cut_at is not None and n > cut_at:
            cut_at = None
            server.cut(strap.cut_for_s / strap.speed)
        if rng.random() >= strap.drop and await server.send_ecg(
            ecg_frame(uv, DEVICE_EPOCH_NS + round(n * 1e9 / FS_HZ))
        ):
            n_sent += len(uv)
        if beat := pulse.feed(uv):
            await server.send_heart_rate(heart_rate_bytes(HeartRate(*beat, contact=True)))
    return Played(n, n_sent)
