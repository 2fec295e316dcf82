"""Keeps every interval on disk: a capture file of Heart Rate messages beside the recording's description.

It is appended to and never written over; an entry that a crash has torn costs itself alone. It plays again as
`capture://FILE?device=heart_rate`. An entry of the channel `link lost` marks where a run ends.
"""

from collections.abc import Iterator
from pathlib import Path

from edge.interval_beats import Heard
from firmware_bridge.capture import CaptureWriter, Chunk, read_capture
from firmware_bridge.devices.heart_rate import CHANNEL, heart_rate_bytes, parse_heart_rate
from firmware_bridge.packets import HeartRate

FILE_NAME = "intervals.hcap"
_LINK_LOST = "link lost"
_SYNC_EVERY = 5  # messages; a strap sends one a second


class IntervalJournal:
    """Appends to the journal of one recording; a kill costs nothing, a power cut some seconds."""

    def __init__(self, folder: Path) -> None:
        self._file = CaptureWriter(folder / FILE_NAME)
        self._n_unsynced = 0

    def add(self, heart_rate: HeartRate, at_ns: int) -> None:
        """Keep what a strap said; raises `OSError` when the disk does not take it."""
        self._file.write(Chunk(at_ns, CHANNEL, heart_rate_bytes(heart_rate)))
        self._n_unsynced += 1
        if self._n_unsynced >= _SYNC_EVERY:
            self.sync()

    def add_break(self, at_ns: int) -> None:
        """What follows does not follow from what was before."""
        self._file.write(Chunk(at_ns, _LINK_LOST, b""))

    def sync(self) -> None:
        """Wait until the disk has it."""
        self._n_unsynced = 0
        self._file.sync()

    def close(self) -> None:
        """Nothing will be added any more."""
        self._file.close()


def read_journal(folder: Path) -> Iterator[Heard | None]:
    """What was heard, in order; `None` where a run ends. Damaged entries are left out."""
    path = folder / FILE_NAME
    if not path.exists():
        return
    for entry in read_capture(path):
        if not isinstance(entry, Chunk):
            continue
        packet = parse_heart_rate(entry.payload) if entry.channel == CHANNEL else None
        if isinstance(packet, HeartRate):
            yield Heard(entry.host_time_ns, packet.rr_ms, packet.contact)
        else:
            yield None
