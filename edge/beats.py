"""Beats out of encoder frames: peaks of the beat probability, decided with a fixed lag."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from edge.bundle import Manifest
from edge.encoder import EncoderFrames

REFRACTORY_S = 0.2
_CLASS_REACH_FRAMES = 1


@dataclass(frozen=True, slots=True)
class FoundBeat:
    """A beat at `at_s` since the start of the run; `class_index` in the manifest's order."""

    at_s: float
    class_index: int
    confidence: float


class BeatDecoder:
    """Frame by frame for one run; the same beats whatever the cut of the frames."""

    def __init__(self, manifest: Manifest) -> None:
        self._rate = manifest.frames_per_second
        self._threshold = manifest.thresholds.beat
        weights = manifest.thresholds.class_weight
        self._class_weights = np.array([weights.get(name, 1.0) for name in manifest.beat_classes])
        self._reach = round(REFRACTORY_S * self._rate)
        self._beat = np.zeros(self._reach, np.float32)
        self._classes = np.zeros((self._reach, len(manifest.beat_classes)), np.float32)
        self._first_frame = -self._reach
        self._last_peak = -2 * self._reach

    @property
    def decided_s(self) -> float:
        """Beats before this time of the run are all known."""
        return max(0, self._first_frame + self._reach) / self._rate

    def feed(self, frames: EncoderFrames) -> list[FoundBeat]:
        """Take the next frames, return the beats that are decided."""
        self._beat = np.concatenate([self._beat, frames.beat])
        self._classes = np.concatenate([self._classes, frames.classes])
        return self._decide()

    def flush(self) -> list[FoundBeat]:
        """Decide the last frames, with silence after them."""
        self._beat = np.pad(self._beat, (0, self._reach))
        self._classes = np.pad(self._classes, ((0, self._reach), (0, 0)), mode="edge")
        return self._decide()

    def _decide(self) -> list[FoundBeat]:
        first, stop = self._reach, len(self._beat) - self._reach
        if stop <= first:
            return []
        highest = maximum_filter1d(self._beat, 2 * self._reach + 1, mode="constant")
        is_peak = (self._beat >= self._threshold) & (self._beat == highest)
        beats = [self._beat_at(i) for i in self._apart(np.flatnonzero(is_peak[first:stop]) + first)]
        drop = stop - self._reach
        self._beat, self._classes = self._beat[drop:], self._classes[drop:]
        self._first_frame += drop
        return beats

    def _apart(self, peaks: npt.NDArray[np.intp]) -> Iterator[int]:
        """Of peaks that are equal (int8 makes them) and too near, the first."""
        for i in peaks.tolist():
            if self._first_frame + i - self._last_peak > self._reach:
                self._last_peak = self._first_frame + i
                yield i

    def _beat_at(self, i: int) -> FoundBeat:
        left, middle, right = self._beat[i - 1 : i + 2]
        bend = float(left - 2 * middle + right)
        shift = 0.5 * float(left - right) / bend if bend < 0 else 0.0
        near = self._classes[i - _CLASS_REACH_FRAMES : i + _CLASS_REACH_FRAMES + 1]
        scores = near.mean(axis=0) * self._class_weights
        best = int(scores.argmax())
        at_s = max(0.0, (self._first_frame + i + shift) / self._rate)
        return FoundBeat(at_s, best, float(scores[best] / scores.sum()))
