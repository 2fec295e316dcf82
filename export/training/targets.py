"""What the encoder should say of a window."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from export.model import FRAMES_PER_SECOND
from export.training.records import FS_HZ, UNKNOWN, TrainingRecord
from export.training.rhythms import UNKNOWN_RHYTHM, RhythmSets

_BEAT_WIDTH_FRAMES = 1.5
_CLASS_REACH_FRAMES = 2

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Window:
    """Input `[leads, samples]` and targets by frame, sample or second; -1 marks what carries no label."""

    ecg_mv: Float32
    beat_heat: Float32
    beat_codes: npt.NDArray[np.int64]
    waves: npt.NDArray[np.int64]
    rhythms: RhythmSets
    quality: Float32
    screen: int


def targets(record: TrainingRecord, start: int, stretch: float, n: int, lead: int) -> Window:
    """Targets of the cut that begins at sample `start` and spans `n * stretch` samples."""
    heat, codes = _beats(record, start, stretch, n * FRAMES_PER_SECOND // FS_HZ)
    at_second = ((np.arange(n // FS_HZ) + 0.5) * stretch + start / FS_HZ).astype(int)
    return Window(
        np.empty((0, 0), np.float32),
        heat,
        codes,
        _waves(record, np.round(start + np.arange(n) * stretch).astype(int), lead),
        _at(record.rhythms_per_s, at_second, UNKNOWN_RHYTHM).astype(np.uint16),
        _at(record.quality_per_s, at_second, UNKNOWN).astype(np.float32),
        record.screen,
    )


def _at(
    labels: npt.NDArray[np.integer], index: npt.NDArray[np.int64], beyond: int
) -> npt.NDArray[np.integer]:
    inside = index < len(labels)
    return np.where(inside, labels[np.minimum(index, len(labels) - 1)], beyond)


def _waves(record: TrainingRecord, index: npt.NDArray[np.int64], lead: int) -> npt.NDArray[np.int64]:
    if not record.waves.size:
        return np.full(len(index), UNKNOWN, np.int64)
    return _at(record.waves[:, lead], index, UNKNOWN).astype(np.int64)


def _beats(
    record: TrainingRecord, start: int, stretch: float, frames: int
) -> tuple[Float32, npt.NDArray[np.int64]]:
    """A bump of 1 at each beat, and its class around it."""
    per_frame = FS_HZ / FRAMES_PER_SECOND * stretch
    source = start + np.arange(frames) * per_frame
    known = (source >= record.beats_known[0]) & (source < record.beats_known[1])
    heat, codes = np.where(known, 0.0, UNKNOWN).astype(np.float32), np.full(frames, UNKNOWN, np.int64)
    low, high = np.searchsorted(record.beat_samples, [start, start + frames * per_frame])
    centres = (record.beat_samples[low:high] - start) / per_frame
    for position, code in zip(centres, record.beat_codes[low:high], strict=True):
        near = np.arange(max(0, int(position) - 6), min(frames, int(position) + 7))
        near = near[known[near]]
        bump = np.exp(-0.5 * ((near - position) / _BEAT_WIDTH_FRAMES) ** 2)
        heat[near] = np.maximum(heat[near], bump)
        codes[near[np.abs(near - position) <= _CLASS_REACH_FRAMES]] = code
    return heat, codes
