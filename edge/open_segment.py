"""The segment that is being written: what was written whole is kept, whatever fails afterwards."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from edge.atomic_file import write_atomically
from edge.block_journal import entry_of
from edge.segment_files import HEADER, JOURNAL, SAMPLES, SUFFIXES
from edge.stream import NS_PER_S, PlacedBlock

_UV_PER_MV = 1000


@dataclass(frozen=True, slots=True)
class Header:
    """What a segment's header says; WFDB's base counter is the place of its first sample in the recording."""

    fs_hz: float
    leads: tuple[str, ...]
    start_ns: int
    first_index: int

    def write(self, stem: Path, n_samples: int) -> None:
        """The WFDB header of a segment; raises `OSError`."""
        start = datetime.fromtimestamp(self.start_ns / NS_PER_S, UTC)
        rate = f"{self.fs_hz:g}/{self.fs_hz:g}({self.first_index})"
        first = f"{stem.name} {len(self.leads)} {rate} {n_samples} {start:%H:%M:%S.%f %d/%m/%Y}"
        name = stem.with_suffix(SAMPLES).name
        signals = [f"{name} 16 {_UV_PER_MV}(0)/mV 16 0 0 0 0 {lead}" for lead in self.leads]
        write_atomically(stem.with_suffix(HEADER), ("\n".join([first, *signals]) + "\n").encode())


class OpenSegment:
    """One open `.dat` and `.blocks`, and their `.hea`; every method raises `OSError` as the disk does."""

    def __init__(self, stem: Path, header: Header) -> None:
        self.stem, self._header = stem, header
        self.next_index, self.n_samples = header.first_index, 0
        self._synced_ns = header.start_ns
        self._samples = _Appended(stem.with_suffix(SAMPLES))
        self._journal = _Appended(stem.with_suffix(JOURNAL))

    @classmethod
    def begin(cls, folder: Path, block: PlacedBlock, fs_hz: float, leads: tuple[str, ...]) -> "OpenSegment":
        """The next segment of a recording; nothing is left of one that cannot be begun."""
        number = max((int(path.stem) for path in folder.glob(f"*{HEADER}")), default=0) + 1
        stem, header = folder / f"{number:06d}", Header(fs_hz, leads, block.start_ns, block.first_index)
        try:
            header.write(stem, 0)
            return cls(stem, header)
        except OSError:
            remove_segment(stem)
            raise

    @property
    def n_bytes(self) -> int:
        """Of samples and journal."""
        return self._samples.n_bytes + self._journal.n_bytes

    def write(self, block: PlacedBlock, sync_every_s: float) -> None:
        """Append a block; where that fails nothing of it is left."""
        raw = block.ecg_uv.astype("<i2").tobytes()
        self._samples.write(raw)
        try:
            self._journal.write(entry_of(block, raw))
        except OSError:
            self._samples.take_back(len(raw))
            raise
        self.n_samples += len(block.ecg_uv)
        self.next_index = block.stop_index
        if block.start_ns - self._synced_ns >= sync_every_s * NS_PER_S:
            self.sync()
            self._synced_ns = block.start_ns

    def sync(self) -> None:
        """What was written outlives a loss of power."""
        self._samples.sync()
        self._journal.sync()

    def close(self) -> None:
        """Nothing will be written any more."""
        self._samples.close()
        self._journal.close()

    def finish(self) -> None:
        """Close the files; the header gets the number of samples, and a segment without any goes."""
        try:
            self.sync()
        finally:
            self.close()
            if not self.n_samples:
                remove_segment(self.stem)
        if self.n_samples:
            self._header.write(self.stem, self.n_samples)


class _Appended:
    """A file that grows by whole pieces."""

    def __init__(self, path: Path) -> None:
        self._file = FileIO(path, "w")
        self.n_bytes = 0

    def write(self, piece: bytes) -> None:
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._cut()
            raise
        self.n_bytes += len(piece)

    def take_back(self, n_bytes: int) -> None:
        self.n_bytes -= n_bytes
        self._cut()

    def sync(self) -> None:
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

    def _cut(self) -> None:
        self._file.truncate(self.n_bytes)
        self._file.seek(self.n_bytes)


def remove_segment(stem: Path) -> None:
    """All files of a segment.

    The header goes first: what has none is not missed. The samples go last, so that what a crash leaves can
    be removed again.
    """
    for suffix in SUFFIXES:
        stem.with_suffix(suffix).unlink(missing_ok=True)
