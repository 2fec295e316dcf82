"""Keeps every interval on disk: capture files of Heart Rate messages beside the recording's description.

`NNNNNN.hcap` is a segment as those of an ECG are: it is appended to and never written over, an hour or a
start of the edge begins the next one, and the oldest go when the budget is spent. An entry that a crash has
torn costs itself alone. Each plays again as `capture://FILE?device=heart_rate`. An entry of the channel
`link lost` marks where a run ends.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.interval_beats import Heard
from edge.sample_spans import Span
from edge.segment_files import INTERVALS
from firmware_bridge.capture import CaptureWriter, Chunk, DamagedBytes, chunk_bytes, read_capture
from firmware_bridge.devices.heart_rate import CHANNEL, heart_rate_bytes, parse_heart_rate
from firmware_bridge.packets import HeartRate

_LINK_LOST: Final = "link lost"
_SYNC_EVERY: Final = 5  # messages; a strap sends one a second
_PLACES: Final = 1 << 40


class IntervalJournal:
    """Appends to the journal of one recording; a kill costs nothing, a power cut some seconds."""

    def __init__(self, folder: Path, messages_a_segment: int = 3600) -> None:
        self._folder, self._longest = folder, messages_a_segment
        self._number = max((int(path.stem) for path in interval_files(folder)), default=0)
        self._file: CaptureWriter | None = None
        self._n_bytes = self._n_messages = self._n_unsynced = 0

    @property
    def stem(self) -> Path:
        """The segment that is open, or was last, without suffix."""
        return self._folder / f"{self._number:06d}"

    @property
    def place(self) -> int:
        """Where the next entry will be, for `read_journal`."""
        return self._number * _PLACES + self._n_bytes if self._file else (self._number + 1) * _PLACES

    @property
    def bytes_per_s(self) -> float:
        """At a message a second."""
        return self._n_bytes / max(1, self._n_messages)

    def add(self, heart_rate: HeartRate, at_ns: int) -> None:
        """Keep what a strap said; raises `OSError` when the disk does not take it."""
        if self._n_messages >= self._longest:
            self.close()
        self._write(Chunk(at_ns, CHANNEL, heart_rate_bytes(heart_rate)))
        self._n_messages += 1
        self._n_unsynced += 1
        if self._n_unsynced >= _SYNC_EVERY:
            self.sync()

    def add_break(self, at_ns: int) -> None:
        """What follows does not follow from what was before."""
        self._write(Chunk(at_ns, _LINK_LOST, b""))

    def sync(self) -> None:
        """Wait until the disk has it."""
        self._n_unsynced = 0
        if self._file is not None:
            self._file.sync()

    def close(self) -> None:
        """What is added next begins a segment."""
        self._n_bytes = self._n_messages = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, chunk: Chunk) -> None:
        if self._file is None:
            self._number += 1
            self._file = CaptureWriter(self.stem.with_suffix(INTERVALS))
        try:
            self._file.write(chunk)
        finally:
            self._n_bytes = self.stem.with_suffix(INTERVALS).stat().st_size


def interval_files(folder: Path) -> list[Path]:
    """The capture files of a recording, in order."""
    return sorted(path for path in folder.glob(f"*{INTERVALS}") if path.stem.isdecimal())


def read_journal(folder: Path, from_place: int = 0) -> Iterator[Heard | None]:
    """What was heard, in order; `None` where a run ends. What is damaged, or was removed, is left out."""
    for path in interval_files(folder):
        if int(path.stem) >= from_place // _PLACES:
            yield from _heard_in(path, from_place - int(path.stem) * _PLACES)


def damaged_spans(path: Path) -> list[Span]:
    """The bytes of a capture file that are no whole entry, as places of the journal."""
    at, damaged = int(path.stem) * _PLACES, []
    for entry in read_capture(path):
        n_bytes = entry.n_bytes if isinstance(entry, DamagedBytes) else len(chunk_bytes(entry))
        if isinstance(entry, DamagedBytes):
            damaged.append((at, at + n_bytes))
        at += n_bytes
    return damaged


def _heard_in(path: Path, from_byte: int) -> Iterator[Heard | None]:
    at = 0
    for entry in read_capture(path):
        if isinstance(entry, DamagedBytes):
            at += entry.n_bytes
            continue
        if at >= from_byte:
            yield _heard(entry)
        at += len(chunk_bytes(entry))


def _heard(entry: Chunk) -> Heard | None:
    packet = parse_heart_rate(entry.payload) if entry.channel == CHANNEL else None
    if isinstance(packet, HeartRate):
        return Heard(entry.host_time_ns, packet.rr_ms, packet.contact)
    return None


def last_heard(folder: Path) -> Heard | None:
    """The newest message on disk."""
    for path in reversed(interval_files(folder)):
        heard = [one for one in _heard_in(path, 0) if one is not None]
        if heard:
            return heard[-1]
    return None
