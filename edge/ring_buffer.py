"""The newest samples of a stream, addressed by absolute index."""

from typing import Any

import numpy as np
import numpy.typing as npt


class RingBuffer:
    """Keeps at least the last `capacity` rows; a row is found by its index in the stream."""

    def __init__(self, capacity: int, n_leads: int, dtype: npt.DTypeLike = np.float32) -> None:
        self._rows = np.empty((2 * capacity, n_leads), dtype)
        self._capacity = capacity
        self._stored = 0
        self.stop = 0

    def __getstate__(self) -> dict[str, object]:
        """Only what can be read; a saved state is half the size."""
        return {"capacity": self._capacity, "stop": self.stop, "rows": self.read(self.start, self.stop)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        rows = state["rows"]
        RingBuffer.__init__(self, state["capacity"], rows.shape[1], rows.dtype)
        self.append(rows)
        self.stop = state["stop"]

    @property
    def start(self) -> int:
        """Oldest index that can still be read."""
        return self.stop - min(self._stored, self._capacity)

    def append(self, rows: npt.NDArray[np.generic]) -> None:
        """Add rows `[n, leads]`; the oldest fall out."""
        self.stop += len(rows)
        rows = rows[-self._capacity :]
        if self._stored + len(rows) > len(self._rows):
            keep = self._rows[self._stored - self._capacity : self._stored].copy()
            self._rows[: len(keep)] = keep
            self._stored = len(keep)
        self._rows[self._stored : self._stored + len(rows)] = rows
        self._stored += len(rows)

    def read(self, first: int, stop: int) -> npt.NDArray[np.generic]:
        """Rows `first` to `stop`; raises `IndexError` for what has fallen out or has not come."""
        if not self.start <= first <= stop <= self.stop:
            raise IndexError(f"rows {first} to {stop} asked, {self.start} to {self.stop} held")
        offset = self._stored - self.stop
        return self._rows[first + offset : stop + offset].copy()
