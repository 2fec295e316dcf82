"""P waves, QRS complexes and T waves out of wave probabilities: onset, peak and end of each.

The likeliest wave of each sample gives stretches, and a boundary is where, between two samples, the
probabilities cross. Those of sample `m` are about the middle of the time from `m` to `m + 1`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest
from edge.wave_order import LONGEST_WAVE_S, SHORTEST_S, Wave, WaveKind, WaveOrder

Float32 = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]

GLITCH_S = 0.02  # a shorter stretch is none
# found on the training records of LUDB and QTDB: without, waves come out too wide, and rS peaks at S
_SCALE = {WaveKind.P: 0.8, WaveKind.QRS: 1.0, WaveKind.T: 0.7}
_DOWNWARD = {WaveKind.P: 1.0, WaveKind.QRS: 0.1, WaveKind.T: 1.0}
_MEMORY_S = 2 * LONGEST_WAVE_S


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Samples `first` to `stop` of the run with one label; onset and end lie between samples."""

    label: int
    first: int
    onset: float
    stop: int = 0
    end: float = 0.0


class WaveDecoder:
    """Wave by wave for one run without gaps; the same waves whatever the cut of the samples."""

    def __init__(self, manifest: Manifest) -> None:
        self._fs_hz = manifest.fs_hz
        self._kinds: list[WaveKind | None] = [None, *(WaveKind(name) for name in manifest.waves[1:])]
        self._scale = np.array([_SCALE[kind] if kind else 1.0 for kind in self._kinds], np.float32)
        self._glitch, self._memory = round(GLITCH_S * self._fs_hz), round(_MEMORY_S * self._fs_hz)
        self._probability = np.empty((0, len(self._kinds)), np.float32)
        self._ecg: FloatArray | None = None
        self._first = 0
        self._confirmed: _Stretch | None = None
        self._newest: _Stretch | None = None
        self._order = WaveOrder()

    def feed(self, probability: Float32, ecg_mv: FloatArray) -> list[Wave]:
        """Take the next samples, `[n, waves]` and `[n, leads]`, and return the waves that are decided."""
        if not len(probability):
            return []
        known = len(self._probability)
        self._probability = np.concatenate([self._probability, probability * self._scale])
        self._ecg = ecg_mv if self._ecg is None else np.concatenate([self._ecg, ecg_mv])
        waves = []
        for stretch in self._stretches(max(known - 1, 0)):
            wave = self._wave_of(stretch)
            waves += self._order.feed(wave) if wave else []
        self._forget()
        return waves

    def flush(self) -> list[Wave]:
        """The last waves; one that the end of the run cuts is none."""
        return self._order.flush()

    def _stretches(self, known: int) -> Iterator[_Stretch]:
        """Those that a stretch of another label has ended, looking from row `known` on."""
        labels = self._probability[known:].argmax(axis=1)
        if self._newest is None:
            self._newest = _Stretch(int(labels[0]), 0, 0.0)
        for row in (np.flatnonzero(np.diff(labels)) + known + 1).tolist():
            yield from self._confirm(self._first + row)
            self._turn(row)
        yield from self._confirm(self._first + len(self._probability))

    def _confirm(self, now: int) -> Iterator[_Stretch]:
        """The newest stretch, once it is no glitch, ends the one before it."""
        before, newest = self._confirmed, self._newest
        assert newest, "set at the first sample"
        if now - newest.first < self._glitch or (before and before.label == newest.label):
            return
        self._confirmed = newest
        if before and newest.first - before.first <= self._memory:
            yield before

    def _turn(self, row: int) -> None:
        """At this row the label changes."""
        newest, confirmed = self._newest, self._confirmed
        assert newest, "set at the first sample"
        at, crossing = self._first + row, self._crossing(row)
        if confirmed and confirmed.label == newest.label:
            self._confirmed = replace(confirmed, stop=at, end=crossing)
        self._newest = _Stretch(int(self._probability[row].argmax()), at, crossing)

    def _crossing(self, row: int) -> float:
        """Where, between the sample of this row and the one before, both likeliest labels are equal."""
        pair = self._probability[row - 1 : row + 1]
        before, after = map(float, pair[:, pair[0].argmax()] - pair[:, pair[1].argmax()])
        return self._first + row - 1 + before / (before - after)

    def _wave_of(self, stretch: _Stretch) -> Wave | None:
        kind = self._kinds[stretch.label]
        duration_s = (stretch.end - stretch.onset) / self._fs_hz
        if kind is None or not stretch.first or not SHORTEST_S[kind] <= duration_s <= LONGEST_WAVE_S:
            return None
        rows = slice(stretch.first - self._first, stretch.stop - self._first)
        assert self._ecg is not None, "there are samples"
        return Wave(
            kind=kind,
            onset_s=(stretch.onset + 0.5) / self._fs_hz,
            peak_s=(stretch.first + farthest_from_chord(self._ecg[rows], _DOWNWARD[kind])) / self._fs_hz,
            end_s=(stretch.end + 0.5) / self._fs_hz,
            weight_s=float(self._probability[rows, stretch.label].sum()) / self._fs_hz,
        )

    def _forget(self) -> None:
        """Keep what a stretch that is not yet confirmed may need."""
        drop = max(0, len(self._probability) - 2 * self._memory)
        assert self._ecg is not None, "there are samples"
        self._probability, self._ecg = self._probability[drop:], self._ecg[drop:]
        self._first += drop


def farthest_from_chord(ecg_mv: FloatArray, downward: float = 1.0) -> float:
    """The sample (between two, by a parabola) at which `[n, leads]` is farthest from the line of its ends.

    What lies below the line counts `downward` times.
    """
    n = len(ecg_mv)
    share = np.arange(n)[:, None] / max(n - 1, 1)
    height = ecg_mv - ecg_mv[:1] * (1 - share) - ecg_mv[-1:] * share
    distance = np.where(height < 0, -downward * height, height).sum(axis=1)
    best = int(distance.argmax())
    if not 0 < best < n - 1:
        return float(best)
    left, middle, right = distance[best - 1 : best + 2].tolist()
    bend = left - 2 * middle + right
    return best + (0.5 * (left - right) / bend if bend < 0 else 0.0)
