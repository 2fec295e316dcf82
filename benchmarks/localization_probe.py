"""A small probe: what a waveform's places are, read straight from the tokens that the language model gets.

One hidden layer sees the token of half a second and its neighbours for two seconds either way, and says for
each tenth of a second which waveforms are there. It learns from the training patients of the corpus but a
fifth of them; on these its thresholds are chosen.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from edge.labels import Waveform
from edge.soft_tokens import TOKENS_PER_SECOND
from edge.tenths import Places, of_tenths, snapped, to_tenths
from export.evaluation.localization import iou

Float32 = npt.NDArray[np.float32]
Row = dict[str, Any]
Inputs = Callable[[Row], Float32]
"""Of a row of the corpus `[leads, tokens, width]`."""

_TENTHS: Final = 10 // TOKENS_PER_SECOND
_NEIGHBOURS: Final = 4
_HIDDEN, _BATCH, _RATE = 96, 32, 2e-3
_THRESHOLDS: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_NEAR_S: Final = 0.4
_CHOSEN_WITH, _CHOSEN_WITHOUT = 60, 15


@dataclass(frozen=True, slots=True)
class Threshold:
    """It is there if some tenth has `presence`, and where tenths have `place`; borders at beats or not."""

    presence: float
    place: float
    at_beats: bool


class Probe:
    """Learned from `rows`, of which `inputs` makes what is seen."""

    def __init__(
        self, rows: Sequence[Row], inputs: Inputs, waveforms: Sequence[Waveform], steps: int = 500
    ) -> None:
        self._inputs, self._waveforms = inputs, tuple(waveforms)
        learned = [row for row in rows if not is_for_choice(row)]
        chosen_on = [row for row in rows if is_for_choice(row)]
        torch.manual_seed(1)
        sample = np.concatenate([seen for row in learned[::20] for seen in inputs(row)])
        self._mean, self._std = sample.mean(axis=0), sample.std(axis=0) + 1e-3
        self._net = nn.Sequential(
            nn.Conv1d(sample.shape[1], _HIDDEN, 2 * _NEIGHBOURS + 1, padding=_NEIGHBOURS),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Conv1d(_HIDDEN, len(self._waveforms) * _TENTHS, 1),
        )
        self._learn(learned, steps)
        self.thresholds = {w: self._choice(chosen_on, w) for w in self._waveforms}

    def probabilities(self, row: Row) -> Float32:
        """`[waveforms, tenths]`, the mean of the leads."""
        with torch.no_grad():
            logits = self._net(torch.from_numpy(self._seen(row)))
        return np.asarray(self._by_waveform(logits).sigmoid().mean(dim=0).numpy())

    def places(self, row: Row, waveform: Waveform, *, is_there: bool | None = None) -> Places:
        """Of one waveform; an oracle may know whether it `is_there`."""
        of_waveform = self.probabilities(row)[self._waveforms.index(waveform)]
        return _places(of_waveform, row, self.thresholds[waveform], is_there=is_there)

    def _seen(self, row: Row) -> Float32:
        return np.asarray(((self._inputs(row) - self._mean) / self._std).transpose(0, 2, 1), np.float32)

    def _by_waveform(self, logits: Tensor) -> Tensor:
        """`[leads, waveforms, tenths]` of `[leads, waveforms * tenths of a token, tokens]`."""
        n, _, tokens = logits.shape
        split = logits.reshape(n, len(self._waveforms), _TENTHS, tokens)
        return split.permute(0, 1, 3, 2).reshape(n, len(self._waveforms), tokens * _TENTHS)

    def _learn(self, rows: Sequence[Row], n_steps: int) -> None:
        """Windows are drawn by waveform, rare ones as often as common ones."""
        rng = np.random.default_rng(3)
        pools = [[row for row in rows if w in row["spans"]] for w in self._waveforms]
        pools += [[row for row in rows if not row["spans"]]] * 2
        pools = [pool for pool in pools if pool]
        steps = torch.optim.AdamW(self._net.parameters(), lr=_RATE, weight_decay=0.05)
        slower = torch.optim.lr_scheduler.CosineAnnealingLR(steps, n_steps)
        for _ in range(n_steps):
            loss = torch.zeros(())
            for _ in range(_BATCH):
                pool = pools[rng.integers(len(pools))]
                loss = loss + self._loss(pool[rng.integers(len(pool))]) / _BATCH
            steps.zero_grad()
            torch.autograd.backward(loss)
            steps.step()
            slower.step()
        self._net.eval()

    def _loss(self, row: Row) -> Tensor:
        known = [i for i, w in enumerate(self._waveforms) if w in row["known"]]
        truth = np.stack([
            to_tenths(row["spans"].get(self._waveforms[i], ()), row["seconds"]) for i in known
        ])  # fmt: skip
        logits = self._by_waveform(self._net(torch.from_numpy(self._seen(row))))[:, known]
        wanted = torch.from_numpy(truth.astype(np.float32)).expand_as(logits)
        return nn.functional.binary_cross_entropy_with_logits(logits, wanted)

    def _choice(self, rows: Sequence[Row], waveform: Waveform) -> Threshold:
        """The best on as many windows with and without as the questions have."""
        rng = np.random.default_rng(4)
        known = [row for row in rows if waveform in row["known"]]
        with_it = [row for row in known if waveform in row["spans"]]
        without = [row for row in known if waveform not in row["spans"]]
        drawn = [with_it[i] for i in rng.permutation(len(with_it))[:_CHOSEN_WITH]]
        drawn += [without[i] for i in rng.permutation(len(without))[:_CHOSEN_WITHOUT]]
        place = self._waveforms.index(waveform)
        said = [(row, self.probabilities(row)[place]) for row in drawn]
        options = [Threshold(*each) for each in product(_THRESHOLDS, _THRESHOLDS, (False, True))]
        return max(options, key=lambda option: _mean_iou(said, waveform, option))


def is_for_choice(row: Mapping[str, Any]) -> bool:
    """A fifth of the patients, by their name."""
    name = f"{row['database']}/{row['record']}".encode()
    return hashlib.sha256(name).digest()[0] % 5 == 0


def _mean_iou(said: Sequence[tuple[Row, Float32]], waveform: Waveform, threshold: Threshold) -> float:
    if not said:
        return 0.0
    values = [iou(row["spans"].get(waveform, ()), _places(p, row, threshold)) for row, p in said]
    return float(np.mean(values))


def _places(
    probabilities: Float32, row: Row, threshold: Threshold, *, is_there: bool | None = None
) -> Places:
    highest = float(probabilities.max())
    if is_there is False or (is_there is None and highest < threshold.presence):
        return []
    found = of_tenths(probabilities >= min(threshold.place, highest))
    beats_s = [beat["at_s"] for beat in row["evidence"]["beats"]]
    return snapped(found, beats_s, row["seconds"], _NEAR_S) if threshold.at_beats else found
