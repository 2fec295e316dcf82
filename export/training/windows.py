"""Random training windows: a cut, one to three leads, augmentation, and the targets that go with it."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from export.training.augment import Augmenter
from export.training.records import FS_HZ, TrainingRecord
from export.training.targets import Float32, Window, targets


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
        self._groups, self._names = groups, list(groups)
        share = np.array([weights[name] for name in self._names])
        self._share = share / share.sum()
        self._n, self._n_leads = seconds * FS_HZ, n_leads
        self._rng = np.random.default_rng(seed)
        self._augment = Augmenter(noise, self._rng) if augment else None

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
        chosen = self._rng.permutation(record.ecg_mv.shape[1])
        leads = [int(chosen[i % len(chosen)]) for i in range(self._n_leads)]
        ecg = self._cut(record, start, stretch, leads)
        window = replace(targets(record, start, stretch, self._n, leads[0]), ecg_mv=ecg)
        return self._augment(window) if self._augment else window

    def _start(self, record: TrainingRecord, n_source: int) -> int:
        """Anywhere; half of the time around a beat that is not N, where there is one."""
        last = max(1, len(record.ecg_mv) - n_source)
        rare = np.flatnonzero(record.beat_codes > 0)
        if len(rare) and self._rng.random() < 0.5:
            beat = record.beat_samples[rare[self._rng.integers(len(rare))]]
            return int(np.clip(beat - self._rng.integers(n_source), 0, last - 1))
        return int(self._rng.integers(last))

    def _cut(self, record: TrainingRecord, start: int, stretch: float, leads: list[int]) -> Float32:
        """`[leads, n]` from sample `start` on, zero beyond the record's end."""
        position = start + np.arange(self._n) * stretch
        last = int(position[-1]) + 2
        piece = record.ecg_mv[start:last]
        grid = np.arange(start, start + len(piece))
        lanes = [np.interp(position, grid, piece[:, i].astype(np.float32), right=0.0) for i in leads]
        return np.stack(lanes).astype(np.float32)
