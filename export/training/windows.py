"""Random training windows: a cut, one or two leads, augmentation, and the targets that go with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from export.training.records import FS_HZ, UNKNOWN, TrainingRecord

FRAMES_PER_SECOND = 64
_BEAT_WIDTH_FRAMES = 1.5
_CLASS_REACH_FRAMES = 2
_HOPELESS_SNR = 0.45  # signal amplitude over noise amplitude, below which nobody can read a beat

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Window:
    """Input `[leads, samples]` and targets; -1 marks what carries no label."""

    ecg_mv: Float32
    beat_heat: Float32
    beat_codes: npt.NDArray[np.int64]
    rhythm: npt.NDArray[np.int64]
    quality: Float32
    has_beats: bool


class WindowSource:
    """Endless random windows of `seconds` from weighted groups of records."""

    def __init__(
        self,
        groups: dict[str, list[TrainingRecord]],
        weights: dict[str, float],
        noise: list[npt.NDArray[np.float16]],
        seconds: int,
        n_leads: int,
        seed: int,
        *,
        augment: bool = True,
    ) -> None:
        self._groups, self._noise = groups, noise
        self._names = list(groups)
        share = np.array([weights[name] for name in self._names])
        self._share = share / share.sum()
        self._n, self._n_leads = seconds * FS_HZ, n_leads
        self._rng, self._augment = np.random.default_rng(seed), augment

    def __iter__(self) -> Iterator[Window]:
        while True:
            yield self._draw()

    def _draw(self) -> Window:
        records = self._groups[self._names[self._rng.choice(len(self._names), p=self._share)]]
        record = records[self._rng.integers(len(records))]
        stretched = self._augment and self._rng.random() < 0.5
        stretch = float(self._rng.uniform(0.88, 1.14)) if stretched else 1.0
        n_source = round(self._n * stretch)
        start = self._start(record, n_source)
        position = start + np.arange(self._n) * stretch
        ecg = self._leads(record, position)
        window = replace(targets(record, start, stretch, self._n), ecg_mv=ecg)
        return self._augmented(ecg, window) if self._augment else window

    def _start(self, record: TrainingRecord, n_source: int) -> int:
        """Anywhere; half of the time around a beat that is not N, where there is one."""
        last = max(1, len(record.ecg_mv) - n_source)
        rare = np.flatnonzero(record.beat_codes > 0)
        if len(rare) and self._rng.random() < 0.5:
            beat = record.beat_samples[rare[self._rng.integers(len(rare))]]
            return int(np.clip(beat - self._rng.integers(n_source), 0, last - 1))
        return int(self._rng.integers(last))

    def _leads(self, record: TrainingRecord, position: npt.NDArray[np.floating]) -> Float32:
        """`[leads, n]` at fractional sample positions, zero outside of the record."""
        chosen = self._rng.permutation(record.ecg_mv.shape[1])
        picked = [chosen[i % len(chosen)] for i in range(self._n_leads)]
        first, last = int(position[0]), int(position[-1]) + 2
        grid = np.arange(first, min(last, len(record.ecg_mv)))
        piece = record.ecg_mv[first:last]
        return np.stack(
            [np.interp(position, grid, piece[:, lead].astype(np.float32), right=0.0) for lead in picked]
        ).astype(np.float32)

    def _augmented(self, ecg: Float32, window: Window) -> Window:
        quality = window.quality.copy()
        heat, codes = window.beat_heat.copy(), window.beat_codes.copy()
        gain = np.exp(self._rng.normal(0, 0.35, (len(ecg), 1)))
        polarity = np.where(self._rng.random((len(ecg), 1)) < 0.1, -1.0, 1.0)
        ecg = (ecg * gain * polarity).astype(np.float32)
        if self._rng.random() < 0.15:
            ecg = _smoothed(ecg, int(self._rng.integers(2, 4)))
        if self._rng.random() < 0.45:
            ecg = self._with_noise(ecg, quality)
        if self._rng.random() < 0.06:
            lost = self._lose_contact(ecg)
            quality[lost], heat[_frames(lost)], codes[_frames(lost)] = 0, 0, UNKNOWN
        rhythm = np.where(quality == 0, UNKNOWN, window.rhythm)
        return Window(ecg, heat, codes, rhythm, quality, window.has_beats)

    def _with_noise(self, ecg: Float32, quality: Float32) -> Float32:
        """Add real noise in a random stretch at a random ratio; hopeless seconds become unreadable."""
        noise = self._noise[self._rng.integers(len(self._noise))]
        start = self._rng.integers(len(noise) - self._n)
        lane = noise[start : start + self._n, self._rng.integers(noise.shape[1])].astype(np.float32)
        snr = float(np.exp(self._rng.uniform(np.log(0.25), np.log(12.0))))
        level = np.abs(ecg).mean() / (np.abs(lane).mean() + 1e-6) / snr
        first, stop = np.sort(self._rng.integers(0, self._n // FS_HZ + 1, 2)) * FS_HZ
        if self._rng.random() < 0.5:
            first, stop = 0, self._n
        noisy = ecg.copy()
        noisy[:, first:stop] += lane[first:stop] * level
        if snr < _HOPELESS_SNR:
            quality[first // FS_HZ : stop // FS_HZ] = 0
        return noisy

    def _lose_contact(self, ecg: Float32) -> slice:
        """Replace a stretch by a near-flat line or by noise alone, in place; returns its seconds."""
        seconds = self._n // FS_HZ
        first = int(self._rng.integers(seconds - 2))
        stop = int(self._rng.integers(first + 2, seconds + 1))
        piece = ecg[:, first * FS_HZ : stop * FS_HZ]
        piece[:] = self._rng.normal(0, float(self._rng.choice([0.002, 0.5])), piece.shape)
        return slice(first, stop)


def _frames(seconds: slice) -> slice:
    return slice(seconds.start * FRAMES_PER_SECOND, seconds.stop * FRAMES_PER_SECOND)


def targets(record: TrainingRecord, start: int, stretch: float, n: int) -> Window:
    """Targets of the cut that begins at sample `start` and spans `n * stretch` samples."""
    frames, seconds = n * FRAMES_PER_SECOND // FS_HZ, n // FS_HZ
    heat, codes = np.zeros(frames, np.float32), np.full(frames, UNKNOWN, np.int64)
    low, high = np.searchsorted(record.beat_samples, [start, start + n * stretch])
    centre = (record.beat_samples[low:high] - start) / stretch * FRAMES_PER_SECOND / FS_HZ
    for position, code in zip(centre, record.beat_codes[low:high], strict=True):
        near = np.arange(max(0, int(position) - 6), min(frames, int(position) + 7))
        bump = np.exp(-0.5 * ((near - position) / _BEAT_WIDTH_FRAMES) ** 2)
        heat[near] = np.maximum(heat[near], bump)
        codes[near[np.abs(near - position) <= _CLASS_REACH_FRAMES]] = code
    at_second = ((np.arange(seconds) + 0.5) * stretch + start / FS_HZ).astype(int)
    inside = at_second < len(record.rhythm_per_s)
    at_second = np.minimum(at_second, len(record.rhythm_per_s) - 1)
    rhythm = np.where(inside, record.rhythm_per_s[at_second], UNKNOWN).astype(np.int64)
    quality = np.where(inside, record.quality_per_s[at_second], UNKNOWN).astype(np.float32)
    return Window(np.empty((0, 0), np.float32), heat, codes, rhythm, quality, record.has_beats)


def _smoothed(ecg: Float32, width: int) -> Float32:
    kernel = np.ones(width, np.float32) / width
    return np.stack([np.convolve(lead, kernel, mode="same") for lead in ecg]).astype(np.float32)
