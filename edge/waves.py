"""P waves, QRS complexes and T waves out of wave probabilities: onset, peak and end of each.

The likeliest wave of each sample gives stretches, and a boundary is where, between two samples, the
probabilities cross. Those of sample `m` are about the middle of the time from `m` to `m + 1`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest
from edge.wave_order import LONGEST_WAVE_S, SHORTEST_S, Wave, WaveKind, WaveOrder

Float32 = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

GLITCH_S = 0.02  # a shorter stretch is none
# found on the training records of LUDB and QTDB: without, waves come out too wide, and rS peaks at S
_SCALE = {WaveKind.P: 0.8, WaveKind.QRS: 1.0, WaveKind.T: 0.7}
_DOWNWARD = {WaveKind.P: 1.0, WaveKind.QRS: 0.1, WaveKind.T: 1.0}
_MEMORY_S = 2 * LONGEST_WAVE_S


class _Stretch(NamedTuple):
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
        self._downward = np.array([_DOWNWARD[kind] if kind else 1.0 for kind in self._kinds])
        self._shortest_s = [SHORTEST_S[kind] if kind else np.inf for kind in self._kinds]
        self._glitch, self._memory = round(GLITCH_S * self._fs_hz), round(_MEMORY_S * self._fs_hz)
        self._longest = round(LONGEST_WAVE_S * self._fs_hz)
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
        can_be = [stretch for stretch in self._stretches(max(known - 1, 0)) if self._is_wave(stretch)]
        waves = [decided for wave in self._waves_of(can_be) for decided in self._order.feed(wave)]
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
        turns = np.flatnonzero(np.diff(labels))
        crossings = self._crossings(turns + known, labels[turns], labels[turns + 1])
        rows, after = (turns + known + 1 + self._first).tolist(), labels[turns + 1].tolist()
        for at, label, crossing in zip(rows, after, crossings.tolist(), strict=True):
            yield from self._confirm(at)
            self._turn(at, label, crossing)
        yield from self._confirm(self._first + len(self._probability))

    def _crossings(self, rows: Indices, before: Indices, after: Indices) -> FloatArray:
        """Where, between each row and the next, the likeliest labels of both are equal."""
        here, there = self._probability[rows], self._probability[rows + 1]
        each = np.arange(len(rows))
        ahead = (here[each, before] - here[each, after]).astype(np.float64)
        behind = (there[each, before] - there[each, after]).astype(np.float64)
        return self._first + rows + ahead / (ahead - behind)

    def _confirm(self, now: int) -> Iterator[_Stretch]:
        """The newest stretch, once it is no glitch, ends the one before it."""
        before, newest = self._confirmed, self._newest
        assert newest, "set at the first sample"
        if now - newest.first < self._glitch or (before and before.label == newest.label):
            return
        self._confirmed = newest
        if before and newest.first - before.first <= self._memory:
            yield before

    def _turn(self, at: int, label: int, crossing: float) -> None:
        """At this sample the label changes."""
        newest, confirmed = self._newest, self._confirmed
        assert newest, "set at the first sample"
        if confirmed and confirmed.label == newest.label:
            self._confirmed = _Stretch(confirmed.label, confirmed.first, confirmed.onset, at, crossing)
        self._newest = _Stretch(label, at, crossing)

    def _is_wave(self, stretch: _Stretch) -> bool:
        duration_s = (stretch.end - stretch.onset) / self._fs_hz
        return stretch.first > 0 and self._shortest_s[stretch.label] <= duration_s <= LONGEST_WAVE_S

    def _waves_of(self, stretches: list[_Stretch]) -> Iterator[Wave]:
        if not stretches:
            return
        assert self._ecg is not None, "there are samples"
        label, first, onset, stop, end = map(np.array, zip(*stretches, strict=True))
        rows = np.minimum(first[:, None] - self._first + np.arange(self._longest + 1), len(self._ecg) - 1)
        n = stop - first
        peak = first + farthest_from_chord(self._ecg[rows], n, self._downward[label])
        inside = np.arange(self._longest + 1) < n[:, None]
        weight = (self._probability[rows, label[:, None]] * inside).sum(axis=1)
        columns = (onset + 0.5, peak, end + 0.5, weight)
        times_s = np.stack(columns, axis=1, dtype=np.float64) / self._fs_hz
        for stretch, row in zip(stretches, times_s.tolist(), strict=True):
            kind = self._kinds[stretch.label]
            assert kind, "no wave is shorter than infinity"
            yield Wave(kind, *row)

    def _forget(self) -> None:
        """Keep what a stretch that is not yet confirmed may need."""
        drop = max(0, len(self._probability) - 2 * self._memory)
        assert self._ecg is not None, "there are samples"
        self._probability, self._ecg = self._probability[drop:], self._ecg[drop:]
        self._first += drop


def farthest_from_chord(
    ecg_mv: FloatArray, n: npt.NDArray[np.int_], downward: FloatArray
) -> npt.NDArray[np.float64]:
    """Of each wave the sample (between two, by a parabola) that is farthest from the line of its ends.

    `ecg_mv` is `[waves, samples, leads]`, of which the first `n` of each count; what lies below the line
    counts `downward` times.
    """
    each, at = np.arange(len(n)), np.arange(ecg_mv.shape[1])
    share = (at / np.maximum(n - 1, 1)[:, None])[:, :, None]
    height = ecg_mv - ecg_mv[:, :1] * (1 - share) - ecg_mv[each, n - 1][:, None] * share
    distance = np.where(height < 0, -downward[:, None, None] * height, height).sum(axis=2)
    distance[at >= n[:, None]] = -1
    best = distance.argmax(axis=1)
    inner = np.clip(best, 1, np.maximum(n - 2, 1))
    left, middle, right = (distance[each, inner + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    is_inside = (best == inner) & (best < n - 1) & (bend < 0)
    shift = np.where(is_inside, 0.5 * (left - right) / np.where(is_inside, bend, -1.0), 0.0)
    return np.asarray(best + shift)
