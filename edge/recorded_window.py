"""The samples of a window that somebody asks about, from what the recorder has on disk."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edge.events import LONGEST_WINDOW_S, AskWindow
from edge.recording_folder import RecordingFolder, recordings
from edge.segment_files import read_between, recorded_ns
from edge.stream import NS_PER_S, PlacedBlock

_SHORTEST_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class RecordedWindow:
    """Raw blocks between two times (UTC in ns); a jump of their index is a gap.

    Never more than a minute of signal, also of a recording that was played faster than life.
    """

    start_ns: int
    stop_ns: int
    fs_hz: float
    leads: tuple[str, ...]
    blocks: tuple[PlacedBlock, ...]

    @property
    def is_whole(self) -> bool:
        """Without a gap."""
        n = sum(len(block.ecg_uv) for block in self.blocks)
        return n == self.blocks[-1].stop_index - self.blocks[0].first_index

    @property
    def duration_s(self) -> float:
        """From the first sample to the last, gaps too."""
        return (self.stop_ns - self.start_ns) / NS_PER_S


def recorded_window(root: Path, window: AskWindow) -> RecordedWindow | None:
    """The window out of the recordings under `root`; `None` where less than a second of it is on disk."""
    for recording in recordings(root):
        segments = recorded_ns(recording.folder, recording.fs_hz)
        if not segments:
            continue
        stop_ns = max(end_ns for _, end_ns, _ in segments)
        from_ns = stop_ns - round(window.seconds * NS_PER_S)
        if window.start_at is not None:
            from_ns = round(window.start_at.timestamp() * 1_000_000) * 1000
        to_ns = from_ns + round(window.seconds * NS_PER_S)
        found = _cut(recording, from_ns, to_ns, is_newest=window.start_at is None)
        if found is not None or window.start_at is None:
            return found
    return None


def _cut(recording: RecordingFolder, from_ns: int, to_ns: int, *, is_newest: bool) -> RecordedWindow | None:
    fs_hz, n_leads = recording.fs_hz, len(recording.leads)
    whole = read_between(recording.folder, fs_hz, n_leads, from_ns, to_ns)
    blocks = _minute(list(_pieces(whole, fs_hz, from_ns, to_ns)), fs_hz, is_newest=is_newest)
    if sum(len(block.ecg_uv) for block in blocks) < _SHORTEST_S * fs_hz:
        return None
    last = blocks[-1]
    stop_ns = last.start_ns + round(len(last.ecg_uv) * NS_PER_S / fs_hz)
    return RecordedWindow(blocks[0].start_ns, stop_ns, fs_hz, recording.leads, blocks)


def _pieces(blocks: Iterator[PlacedBlock], fs_hz: float, from_ns: int, to_ns: int) -> Iterator[PlacedBlock]:
    for block in blocks:
        first = max(0, round((from_ns - block.start_ns) * fs_hz / NS_PER_S))
        stop = min(len(block.ecg_uv), round((to_ns - block.start_ns) * fs_hz / NS_PER_S))
        if first < stop:
            yield _part(block, fs_hz, first, stop)


def _minute(blocks: list[PlacedBlock], fs_hz: float, *, is_newest: bool) -> tuple[PlacedBlock, ...]:
    """The first minute of the signal, or the last one."""
    if not blocks:
        return ()
    most = round(LONGEST_WINDOW_S * fs_hz)
    begin, end = blocks[0].first_index, blocks[-1].stop_index
    begin, end = (max(begin, end - most), end) if is_newest else (begin, min(end, begin + most))
    parts = [(block, begin - block.first_index, end - block.first_index) for block in blocks]
    return tuple(
        _part(block, fs_hz, max(0, first), min(len(block.ecg_uv), stop))
        for block, first, stop in parts
        if first < len(block.ecg_uv) and stop > 0
    )


def _part(block: PlacedBlock, fs_hz: float, first: int, stop: int) -> PlacedBlock:
    start_ns = block.start_ns + round(first * NS_PER_S / fs_hz)
    index = block.first_index + first
    return replace(block, first_index=index, start_ns=start_ns, ecg_uv=block.ecg_uv[first:stop])
