"""`replay://PATH`: a recording as if a device sent it now.

Options: `signal` a number, may be repeated; `speed` times real time, or `max`; `start` the time of the first
sample; `fs` and `unit` of a csv file that does not say them.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import numpy as np

from firmware_bridge.device import Device
from firmware_bridge.pace import Pace
from firmware_bridge.packets import Received, SampleBlock
from firmware_bridge.recording import Recording, RecordingBlock
from firmware_bridge.recordings import TableFormat, open_recording
from firmware_bridge.source_uri import SourceUri

OPTIONS = {"speed", "signal", "start", "fs", "unit"}
_BLOCK_S, _BLOCK_AT_FULL_SPEED_S = 0.5, 10.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ReplayTransport:
    """Microvolt counts (`adc_gain` 1000); samples without a valid lead are told as `lost_before`.

    `last_sample_ns` is in ns since 1970: the option `start`, or the header's time, or 1970 itself, plus
    the sample's place in the recording.
    """

    def __init__(self, uri: SourceUri) -> None:
        uri.allow(OPTIONS)
        self._path = uri.target
        self._signals = uri.numbers("signal")
        self._speed = uri.speed()
        self._start = uri.time("start")
        fs_hz = uri.number("fs", 0, least=1) if uri.get("fs") else None
        self._table = TableFormat(fs_hz, uri.get("unit", "mV"))
        self._recording: Recording | None = None

    @property
    def device(self) -> Device:
        """The recording's own rate and leads."""
        assert self._recording, "open the transport first"
        return Device("replay", self._recording.fs_hz, self._recording.leads, adc_gain=1000.0)

    async def __aenter__(self) -> Self:
        self._recording = await asyncio.to_thread(open_recording, self._path, self._signals, self._table)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open between two reads."""

    async def packets(self) -> AsyncIterator[Received]:
        """The recording from its first sample to its last, then the end."""
        assert self._recording, "open the transport first"
        fs_hz = self._recording.fs_hz
        block_s = _BLOCK_AT_FULL_SPEED_S if math.isinf(self._speed) else _BLOCK_S
        blocks = self._recording.blocks(max(1, round(block_s * fs_hz)))
        pace = Pace(self._speed)
        lost = 0
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            await pace.until((block.start + len(block.uv)) / fs_hz)
            for start, stop in valid_runs(block):
                last_ns = self._sample_ns(block.start + stop - 1)
                lost += start
                yield Received(SampleBlock(block.uv[start:stop], last_ns, lost), time.time_ns())
                lost = -stop
            lost += len(block.uv)

    def _sample_ns(self, sample: int) -> int:
        assert self._recording
        base = self._start or self._recording.base_time_utc or _EPOCH
        base_us = round((base - _EPOCH).total_seconds() * 1e6)
        return base_us * 1000 + round(sample * 1e9 / self._recording.fs_hz)


def valid_runs(block: RecordingBlock) -> Iterator[tuple[int, int]]:
    """Stretches `[start, stop)` of the block in which at least one lead is valid."""
    usable = np.concatenate([[False], block.valid.any(axis=1), [False]])
    edges = np.flatnonzero(usable[1:] != usable[:-1])
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
