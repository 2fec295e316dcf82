"""Keeps every raw sample on disk: WFDB segments (format 16, microvolts), and a journal of their times.

A block is on disk before it is analysed. `NNNNNN.blocks` says where each block of `NNNNNN.dat` stands, so
that an edge that was killed can feed what it had recorded through the pipeline again. Finished segments are
compressed, and old ones removed, by a thread beside.
"""

import errno
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from edge.disk_space import SpaceLimits
from edge.housekeeper import Housekeeper, Tidied
from edge.open_segment import OpenSegment
from edge.stream import PlacedBlock

LIMIT_UV = 32767


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Rotation, limits, and how often the housekeeper looks at the disk."""

    segment_s: float = 3600.0
    limits: SpaceLimits = field(default_factory=SpaceLimits)
    sync_every_s: float = 5.0
    tidy_every_s: float = 60.0


@dataclass(frozen=True, slots=True)
class RecorderReport:
    """What a person has to know: segments that go once `told` is called, and what is running short."""

    removing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Recorder:
    """Appends blocks; a gap, or an hour, begins a new segment; the oldest go when the budget is spent."""

    def __init__(
        self, folder: Path, fs_hz: float, leads: tuple[str, ...], settings: RecorderSettings | None = None
    ) -> None:
        self._folder, self._fs_hz, self._leads = folder, fs_hz, leads
        self._settings = settings or RecorderSettings()
        folder.mkdir(parents=True, exist_ok=True)
        self._segment: OpenSegment | None = None
        self._keeper = Housekeeper(folder.parent, self._settings.limits, self._settings.tidy_every_s)

    def append(self, block: PlacedBlock) -> RecorderReport:
        """Write a block, whose samples fit 16 bits (`clipped`); `OSError` where nothing is kept of it."""
        self._check_reserve()
        if self._segment is None or self._is_over(self._segment, block):
            self._finish_segment()
            self._segment = OpenSegment.begin(self._folder, block, self._fs_hz, self._leads)
        self._segment.write(block, self._settings.sync_every_s)
        return report_of(self._keeper.attend(self._segment.stem, self._bytes_per_s(self._segment)))

    def sync(self) -> None:
        """What was appended outlives a loss of power."""
        if self._segment is not None:
            self._segment.sync()

    def told(self) -> None:
        """What the reports said is in the outbox: segments that they named may go."""
        self._keeper.told()

    def close(self) -> None:
        """Finish the open segment, and wait for the housekeeper."""
        try:
            self._finish_segment()
        finally:
            self._keeper.close()

    def _finish_segment(self) -> None:
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.finish()

    def _is_over(self, segment: OpenSegment, block: PlacedBlock) -> bool:
        full = segment.n_samples >= self._settings.segment_s * self._fs_hz
        return full or block.first_index != segment.next_index

    def _check_reserve(self) -> None:
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize < self._settings.limits.reserve_bytes:
            raise OSError(errno.ENOSPC, "the rest of the disk is kept for events")

    def _bytes_per_s(self, segment: OpenSegment) -> float:
        return segment.n_bytes * self._fs_hz / segment.n_samples


def report_of(tidied: Tidied) -> RecorderReport:
    """What the housekeeper found, for a person."""
    names = tuple(f"{stem.parent.name}/{stem.name}" for stem in tidied.too_old)
    return RecorderReport(names, tidied.warnings)


def clipped(block: PlacedBlock) -> tuple[PlacedBlock, int]:
    """The block within what the recorder can hold, and how many samples were not."""
    n_beyond = int((np.abs(block.ecg_uv) > LIMIT_UV).sum())
    return replace(block, ecg_uv=block.ecg_uv.clip(-LIMIT_UV, LIMIT_UV)) if n_beyond else block, n_beyond
