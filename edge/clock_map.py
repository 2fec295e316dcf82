"""Sample index to UTC, through the newest placed blocks."""

from bisect import bisect_right
from collections import deque

from edge.stream import NS_PER_S, PlacedBlock


class ClockMap:
    """Each block says when its first sample was; in between time runs at the nominal rate."""

    def __init__(self, fs_hz: float, memory_blocks: int = 1024) -> None:
        self._fs_hz = fs_hz
        self._indices: deque[int] = deque(maxlen=memory_blocks)
        self._starts_ns: deque[int] = deque(maxlen=memory_blocks)

    def add(self, block: PlacedBlock) -> None:
        """Remember where a block stands."""
        self._indices.append(block.first_index)
        self._starts_ns.append(block.start_ns)

    def utc_ns(self, index: int) -> int:
        """Time of a sample, to the microsecond."""
        at = max(0, bisect_right(self._indices, index) - 1)
        since_ns = (index - self._indices[at]) * NS_PER_S / self._fs_hz
        return round((self._starts_ns[at] + round(since_ns)) / 1000) * 1000
