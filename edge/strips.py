"""Strips cut out of the newest samples: around an onset, around an end, and the newest of all."""

from collections import deque

import numpy as np
import numpy.typing as npt

from edge.clock_map import ClockMap
from edge.ring_buffer import RingBuffer
from edge.stream import Beat, Look, RawStrip

STRIP_S, STRIP_BEFORE_S = 10.0, 5.0
_MEMORY_S = 120
_BEAT_MEMORY = 512


class StripCutter:
    """Remembers samples and looks of the current run, and beats across runs."""

    def __init__(self, fs_hz: float, n_leads: int, clock: ClockMap) -> None:
        self._fs_hz, self._n_leads, self._clock = fs_hz, n_leads, clock
        self.beats: deque[Beat] = deque(maxlen=_BEAT_MEMORY)
        self.begin(0)

    @property
    def stop(self) -> int:
        """Index after the newest sample."""
        return self._raw.stop

    @property
    def start(self) -> int:
        """Index of the oldest sample that is held."""
        return self._raw.start

    def begin(self, first_index: int) -> None:
        """A new run: what was before is not joined to it."""
        self._raw = RingBuffer(int(_MEMORY_S * self._fs_hz), self._n_leads, np.int32)
        self._raw.stop = first_index
        self._looks: deque[tuple[int, Look]] = deque(maxlen=_MEMORY_S)

    def append(self, ecg_uv: npt.NDArray[np.int32]) -> None:
        """The next samples `[n, leads]`."""
        self._raw.append(ecg_uv)

    def add_look(self, middle_index: int, look: Look) -> None:
        """A window as one vector, by its middle."""
        self._looks.append((middle_index, look))

    def samples(self, first: int, stop: int) -> npt.NDArray[np.int32]:
        """`[n, leads]`; raises `IndexError` for what is not held."""
        return self._raw.read(first, stop).astype(np.int32)

    def look_near(self, at_ns: int, within_ns: int) -> Look | None:
        """Of the window whose middle is nearest to a time."""
        away = [(abs(self._clock.utc_ns(index) - at_ns), look) for index, look in self._looks]
        away_ns, look = min(away, key=lambda pair: pair[0], default=(within_ns, None))
        return look if away_ns < within_ns else None

    def onset_stop(self, onset_index: int) -> int:
        """Where the whole strip of an onset ends."""
        return self._start(onset_index) + round(STRIP_S * self._fs_hz)

    def around_onset(self, onset_index: int, limit_index: int) -> RawStrip:
        """The onset in its middle, and not beyond `limit_index`."""
        return self._cut(
            self._start(onset_index), min(self.onset_stop(onset_index), limit_index), onset_index
        )

    def around_end(self, end_index: int, limit_index: int) -> RawStrip:
        """Ten seconds, of which up to five are after the end, and none beyond `limit_index`."""
        after = round((STRIP_S - STRIP_BEFORE_S) * self._fs_hz)
        stop = min(end_index + after, limit_index)
        return self._cut(max(self._raw.start, stop - round(STRIP_S * self._fs_hz)), stop, end_index)

    def newest(self, limit_index: int) -> RawStrip | None:
        """The ten seconds before `limit_index`; nothing where the run is not that long yet."""
        first = limit_index - round(STRIP_S * self._fs_hz)
        return self._cut(first, limit_index, limit_index) if first >= self._raw.start else None

    def _start(self, onset_index: int) -> int:
        return max(self._raw.start, onset_index - round(STRIP_BEFORE_S * self._fs_hz))

    def _cut(self, first: int, stop: int, look_index: int) -> RawStrip:
        stop = max(first, min(stop, self._raw.stop))  # time counted at the model's rate may be a sample ahead
        ecg_uv = self.samples(first, stop)
        beats = tuple(beat for beat in self.beats if first <= beat.index < stop)
        near = min(self._looks, key=lambda pair: abs(pair[0] - look_index), default=None)
        return RawStrip(first, self._clock.utc_ns(first), ecg_uv, beats, near[1] if near else None)
