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
_HISTORY_S = 0.36  # a P wave and the zone before a QRS
_P_ZONE_S = (0.33, 0.08)  # before the beat
_QRS_REACH_S = 0.15

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class RawBeat:
    """A beat as the encoder sees it, `at_s` since the start of the run.

    classes and rhythm are probabilities in the manifest's order; `p_lead_s` is how long before the beat
    a P wave is likeliest; the embeddings are of the beat and of the zone of its P wave.
    """

    at_s: float
    confidence: float
    classes: Float32
    rhythm: Float32
    p_probability: float
    p_lead_s: float
    qrs_s: float
    embedding: Float32
    p_embedding: Float32


class BeatDecoder:
    """Frame by frame for one run; the same beats whatever the cut of the frames."""

    def __init__(self, manifest: Manifest) -> None:
        self._rate = manifest.frames_per_second
        self._threshold = manifest.thresholds.beat
        self._n_classes, self._n_rhythms = len(manifest.beat_classes), len(manifest.rhythms)
        self._reach, self._history = round(REFRACTORY_S * self._rate), round(_HISTORY_S * self._rate)
        width = 3 + self._n_classes + self._n_rhythms + manifest.frame_width
        self._rows = np.zeros((self._history, width), np.float32)
        self._first_frame = -self._history
        self._last_peak = -2 * self._reach

    @property
    def decided_s(self) -> float:
        """Beats before this time of the run are all known."""
        return max(0, self._first_frame + self._history) / self._rate

    def feed(self, frames: EncoderFrames) -> list[RawBeat]:
        """Take the next frames, return the beats that are decided."""
        self._rows = np.concatenate([self._rows, self._rows_of(frames)])
        return self._decide()

    def flush(self) -> list[RawBeat]:
        """Decide the last frames, with silence after them."""
        tail = np.repeat(self._rows[-1:], self._reach, axis=0)
        tail[:, 0] = 0
        self._rows = np.concatenate([self._rows, tail])
        return self._decide()

    def _rows_of(self, frames: EncoderFrames) -> Float32:
        """One row a frame: beat, P, QRS, classes, rhythm, embedding."""
        n = len(frames.beat)
        waves = frames.waves[: 2 * n].reshape(n, 2, -1).mean(axis=1)
        rhythm = np.repeat(frames.rhythm, self._rate, axis=0)[:n]
        columns = [frames.beat[:, None], waves[:, 1:3], frames.classes, rhythm, frames.frame_embedding]
        return np.concatenate(columns, axis=1)

    def _decide(self) -> list[RawBeat]:
        first, stop = self._history, len(self._rows) - self._reach
        if stop <= first:
            return []
        beat = self._rows[:, 0]
        highest = maximum_filter1d(beat, 2 * self._reach + 1, mode="constant")
        is_peak = (beat >= self._threshold) & (beat == highest)
        beats = [self._beat_at(i) for i in self._apart(np.flatnonzero(is_peak[first:stop]) + first)]
        drop = stop - self._history
        self._rows = self._rows[drop:]
        self._first_frame += drop
        return beats

    def _apart(self, peaks: npt.NDArray[np.intp]) -> Iterator[int]:
        """Of peaks that are equal (int8 makes them) and too near, the first."""
        for i in peaks.tolist():
            if self._first_frame + i - self._last_peak > self._reach:
                self._last_peak = self._first_frame + i
                yield i

    def _beat_at(self, i: int) -> RawBeat:
        near = self._rows[i - _CLASS_REACH_FRAMES : i + _CLASS_REACH_FRAMES + 1].mean(axis=0)
        early, late = (i - round(s * self._rate) for s in _P_ZONE_S)
        zone = self._rows[early:late]
        best_p = int(zone[:, 1].argmax())
        reach = min(round(_QRS_REACH_S * self._rate), self._reach)
        classes_end = 3 + self._n_classes
        rhythm_end = classes_end + self._n_rhythms
        return RawBeat(
            at_s=max(0.0, (self._first_frame + i + self._shift(i)) / self._rate),
            confidence=float(self._rows[i, 0]),
            classes=near[3:classes_end],
            rhythm=near[classes_end:rhythm_end],
            p_probability=float(zone[best_p, 1]),
            p_lead_s=(i - early - best_p) / self._rate,
            qrs_s=float(self._rows[i - reach : i + reach + 1, 2].sum()) / self._rate,
            embedding=near[rhythm_end:],
            p_embedding=zone[:, rhythm_end:].mean(axis=0),
        )

    def _shift(self, i: int) -> float:
        """Of the true peak from frame `i`, by a parabola."""
        left, middle, right = self._rows[i - 1 : i + 2, 0]
        bend = float(left - 2 * middle + right)
        return 0.5 * float(left - right) / bend if bend < 0 else 0.0
