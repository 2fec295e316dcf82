"""`simulator://?hr=72&pvc_every=7&seed=1`: a synthetic heart, endless or for `seconds`."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from firmware_bridge.device import Device
from firmware_bridge.pace import Pace
from firmware_bridge.packets import Received, SampleBlock
from firmware_bridge.simulator import Heart, simulated_blocks
from firmware_bridge.source_uri import SourceUri
from firmware_bridge.transport import TransportError

OPTIONS = {"hr", "pvc_every", "seed", "seconds", "speed", "fs", "noise_uv"}
_BLOCK_S, _BLOCK_AT_FULL_SPEED_S = 0.5, 10.0
_HR_BPM = (30.0, 180.0)


class SimulatorTransport:
    """One lead in microvolts, `fs` (130) Hz; `last_sample_ns` counts from 0."""

    def __init__(self, uri: SourceUri) -> None:
        uri.allow(OPTIONS)
        self._heart = heart_of(uri)
        self._speed = uri.speed()
        self._n_samples = (
            uri.number("seconds", 0, least=0.1) * self._heart.fs_hz if uri.get("seconds") else math.inf
        )

    @property
    def device(self) -> Device:
        """Known from the URI alone."""
        return Device("simulator", float(self._heart.fs_hz), ("ECG",), adc_gain=1000.0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    async def packets(self) -> AsyncIterator[Received]:
        """Blocks of half a second, at full speed of ten."""
        fs_hz = self._heart.fs_hz
        block_s = _BLOCK_AT_FULL_SPEED_S if math.isinf(self._speed) else _BLOCK_S
        blocks = simulated_blocks(self._heart, round(block_s * fs_hz))
        first = await asyncio.to_thread(next, blocks)
        pace = Pace(self._speed)
        end = 0
        while end < self._n_samples:
            block = first if end == 0 else next(blocks)
            block = block[: math.ceil(min(len(block), self._n_samples - end))]
            end += len(block)
            await pace.until(end / fs_hz)
            last_ns = round((end - 1) * 1e9 / fs_hz)
            yield Received(SampleBlock(block, last_ns), time.time_ns())


def heart_of(uri: SourceUri) -> Heart:
    """The heart that a URI describes.

    Raises:
        TransportError: a rate that no heart has.
    """
    hr_bpm = uri.number("hr", 72.0)
    if not _HR_BPM[0] <= hr_bpm <= _HR_BPM[1]:
        raise TransportError(f"{uri.text}: hr={hr_bpm:g} is not within {_HR_BPM[0]:g} to {_HR_BPM[1]:g} bpm")
    return Heart(
        fs_hz=round(uri.number("fs", 130, least=100)),
        hr_bpm=hr_bpm,
        pvc_every=int(uri.number("pvc_every", 0)),
        seed=int(uri.number("seed", 0)),
        noise_uv=uri.number("noise_uv", 12.0),
    )
