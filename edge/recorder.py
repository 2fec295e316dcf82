"""Keeps every raw sample on disk: WFDB segments (format 16, microvolts), and a journal of their times.

A block is on disk before it is analysed. `NNNN.blocks` says where each block of `NNNN.dat` stands, so that
an edge that was killed can feed what it had recorded through the pipeline again.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BufferedWriter
from pathlib import Path

import numpy as np

from edge.stream import NS_PER_S, PlacedBlock

_ENTRY = struct.Struct("<qqII")  # first index, start in ns, samples, CRC-32 of the samples
LIMIT_UV = 32767
_UV_PER_MV = 1000


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Rotation and limits."""

    segment_s: float = 3600.0
    max_bytes: int = 8_000_000_000
    sync_every_s: float = 5.0


@dataclass(frozen=True, slots=True)
class RecorderReport:
    """Limits that were reached by one block."""

    removed_segments: tuple[str, ...] = ()


class Recorder:
    """Appends blocks; a gap, or an hour, begins a new segment; the oldest go when the budget is spent."""

    def __init__(
        self, folder: Path, fs_hz: float, leads: tuple[str, ...], settings: RecorderSettings | None = None
    ) -> None:
        self._folder, self._fs_hz, self._leads = folder, fs_hz, leads
        self._settings = settings or RecorderSettings()
        folder.mkdir(parents=True, exist_ok=True)
        self._segment: _Segment | None = None

    def append(self, block: PlacedBlock) -> RecorderReport:
        """Write a block, whose samples fit 16 bits (`clipped`)."""
        removed: tuple[str, ...] = ()
        if self._segment is None or self._is_over(self._segment, block):
            self.close()
            removed = tuple(self._make_room())
            self._segment = _Segment.begin(self._folder, block, self._fs_hz, self._leads)
        self._segment.write(block, self._settings.sync_every_s)
        return RecorderReport(removed)

    def close(self) -> None:
        """Finish the open segment: its header gets the number of samples."""
        if self._segment is not None:
            self._segment.finish()
        self._segment = None

    def _is_over(self, segment: "_Segment", block: PlacedBlock) -> bool:
        full = segment.n_samples >= self._settings.segment_s * self._fs_hz
        return full or block.first_index != segment.next_index

    def _make_room(self) -> Iterator[str]:
        """The budget covers all recordings beside this one too."""
        files = sorted(
            self._folder.parent.glob("*/*.dat"), key=lambda path: (path.stat().st_mtime, path.name)
        )
        used = sum(path.stat().st_size for path in files)
        for path in files:
            if used <= self._settings.max_bytes:
                return
            used -= path.stat().st_size
            for part in (path.with_suffix(".blocks"), path.with_suffix(".hea"), path):
                part.unlink(missing_ok=True)
            yield f"{path.parent.name}/{path.stem}"


class _Segment:
    """One open `.dat`, `.blocks` and `.hea`."""

    def __init__(self, stem: Path, samples: BufferedWriter, journal: BufferedWriter) -> None:
        self._stem, self._samples, self._journal = stem, samples, journal
        self.n_samples = self.next_index = 0
        self._fs_hz = 0.0
        self._leads: tuple[str, ...] = ()
        self._start_ns, self._synced_ns = 0, 0

    @classmethod
    def begin(cls, folder: Path, block: PlacedBlock, fs_hz: float, leads: tuple[str, ...]) -> "_Segment":
        number = max((int(path.stem) for path in folder.glob("*.hea")), default=0) + 1
        stem = folder / f"{number:06d}"
        segment = cls(stem, stem.with_suffix(".dat").open("wb"), stem.with_suffix(".blocks").open("wb"))
        segment.next_index, segment._fs_hz, segment._leads = block.first_index, fs_hz, leads
        segment._start_ns = segment._synced_ns = block.start_ns
        segment._write_header()
        return segment

    def write(self, block: PlacedBlock, sync_every_s: float) -> None:
        raw = block.ecg_uv.astype("<i2").tobytes()
        entry = _ENTRY.pack(block.first_index, block.start_ns, len(block.ecg_uv), zlib.crc32(raw))
        for file, content in ((self._samples, raw), (self._journal, entry)):
            file.write(content)
            file.flush()
        self.n_samples += len(block.ecg_uv)
        self.next_index = block.stop_index
        if block.start_ns - self._synced_ns >= sync_every_s * NS_PER_S:
            self._sync()
            self._synced_ns = block.start_ns

    def finish(self) -> None:
        self._sync()
        self._samples.close()
        self._journal.close()
        self._write_header()

    def _sync(self) -> None:
        os.fsync(self._samples.fileno())
        os.fsync(self._journal.fileno())

    def _write_header(self) -> None:
        start = datetime.fromtimestamp(self._start_ns / NS_PER_S, UTC)
        length = f" {self.n_samples}" if self.n_samples else " 0"
        lines = [f"{self._stem.name} {len(self._leads)} {self._fs_hz:g}{length} {start:%H:%M:%S.%f %d/%m/%Y}"]
        name = self._stem.with_suffix(".dat").name
        lines += [f"{name} 16 {_UV_PER_MV}(0)/mV 16 0 0 0 0 {lead}" for lead in self._leads]
        self._stem.with_suffix(".hea").write_text("\n".join(lines) + "\n")


def clipped(block: PlacedBlock) -> tuple[PlacedBlock, int]:
    """The block within what the recorder can hold, and how many samples were not."""
    n_beyond = int((np.abs(block.ecg_uv) > LIMIT_UV).sum())
    return replace(block, ecg_uv=block.ecg_uv.clip(-LIMIT_UV, LIMIT_UV)) if n_beyond else block, n_beyond


def last_block(folder: Path, n_leads: int) -> PlacedBlock | None:
    """The newest block on disk; `None` where there is none."""
    for journal in sorted(folder.glob("*.blocks"), reverse=True):
        blocks = list(_blocks_of(journal, n_leads, 0))
        if blocks:
            return blocks[-1]
    return None


def read_blocks(folder: Path, n_leads: int, from_index: int = 0) -> Iterator[PlacedBlock]:
    """Recorded blocks in order, from the one that begins at `from_index` on; a torn tail is left out."""
    for journal in sorted(folder.glob("*.blocks")):
        yield from _blocks_of(journal, n_leads, from_index)


def recorded_ns(folder: Path, fs_hz: float) -> list[tuple[int, int, Path]]:
    """Start, end (UTC in ns) and journal of each segment that holds a block, in order."""
    spans = []
    for journal in sorted(folder.glob("*.blocks")):
        with journal.open("rb") as file:
            whole = journal.stat().st_size // _ENTRY.size
            if whole:
                start_ns = _ENTRY.unpack(file.read(_ENTRY.size))[1]
                file.seek((whole - 1) * _ENTRY.size)
                _, last_ns, n, _ = _ENTRY.unpack(file.read(_ENTRY.size))
                spans.append((start_ns, last_ns + round(n * NS_PER_S / fs_hz), journal))
    return spans


def read_between(folder: Path, fs_hz: float, n_leads: int, from_ns: int, to_ns: int) -> Iterator[PlacedBlock]:
    """The blocks of which any part lies between two times."""
    for start_ns, end_ns, journal in recorded_ns(folder, fs_hz):
        if start_ns < to_ns and end_ns > from_ns:
            for block in _blocks_of(journal, n_leads, 0):
                if block.start_ns < to_ns and block.start_ns + len(block.ecg_uv) * NS_PER_S / fs_hz > from_ns:
                    yield block


def _blocks_of(journal: Path, n_leads: int, from_index: int) -> Iterator[PlacedBlock]:
    path = journal.with_suffix(".dat")
    samples, offset = path.read_bytes() if path.exists() else b"", 0
    for first_index, start_ns, n, checksum in _entries(journal):
        raw = samples[offset : offset + 2 * n * n_leads]
        offset += len(raw)
        if zlib.crc32(raw) != checksum:
            return
        if first_index >= from_index:
            ecg_uv = np.frombuffer(raw, "<i2").reshape(n, n_leads).astype(np.int32)
            yield PlacedBlock(first_index, start_ns, ecg_uv)


def _entries(journal: Path) -> Iterator[tuple[int, int, int, int]]:
    raw = journal.read_bytes()
    whole = len(raw) - len(raw) % _ENTRY.size
    yield from _ENTRY.iter_unpack(raw[:whole])
