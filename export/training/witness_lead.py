"""Bundle branch block by two leads: V1 bears witness of what lead II alone shows poorly.

Intensive care records carry no word on conduction, but lead V beside lead II. A QRS that is wide in both
and positive at its end in V is right bundle branch block, a wide one that is negative in V is left (the
criteria of Surawicz et al. 2009, doi:10.1161/CIRCULATIONAHA.108.191095, as far as two leads can tell).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from edge.beat_shape import SHAPE_BEFORE, SHAPE_FS_HZ
from export.training.records import UNKNOWN

Float32 = npt.NDArray[np.float32]

NEITHER, LEFT, RIGHT = range(3)
_NARROW_MS, _WIDE_MS, _WIDEST_MS = 110, 120, 190
_LEAST_HEIGHT_MV = 0.15
_SMOOTH_SAMPLES = 0.7
_SLOW, _PAUSE_SAMPLES = 0.12, 3
_ZONE = slice(SHAPE_BEFORE - 16, SHAPE_BEFORE + 24)


@dataclass(frozen=True, slots=True)
class WideQrs:
    """QRS of two leads from `first` to `last` sample of their shapes."""

    first: int
    last: int

    @property
    def ms(self) -> float:
        """Duration."""
        return 1000 * (self.last - self.first + 1) / SHAPE_FS_HZ


def qrs_of_both(lead_ii: Float32, lead_v: Float32) -> WideQrs:
    """Where either lead is steep, out from the steepest sample, over pauses of three samples."""
    slopes = [np.gradient(gaussian_filter1d(lead, _SMOOTH_SAMPLES)) for lead in (lead_ii, lead_v)]
    speed = np.hypot(*slopes)[_ZONE]
    top = int(speed.argmax())
    steep = np.flatnonzero(speed > _SLOW * speed.max())
    breaks = np.diff(steep) > _PAUSE_SAMPLES + 1
    pieces = np.split(steep, np.flatnonzero(breaks) + 1)
    piece = next(piece for piece in pieces if top in piece)
    return WideQrs(int(piece[0]) + _ZONE.start, int(piece[-1]) + _ZONE.start)


def block_by_witness(lead_ii: Float32, lead_v: Float32) -> int:
    """`NEITHER`, `LEFT`, `RIGHT`, or `UNKNOWN` where two leads do not tell."""
    if min(np.ptp(lead_ii), np.ptp(lead_v)) < _LEAST_HEIGHT_MV:
        return UNKNOWN
    qrs = qrs_of_both(lead_ii, lead_v)
    if qrs.ms <= _NARROW_MS:
        return NEITHER
    if not _WIDE_MS <= qrs.ms <= _WIDEST_MS:
        return UNKNOWN
    before = np.median(lead_v[max(0, qrs.first - 6) : qrs.first])
    shape = lead_v[qrs.first : qrs.last + 1] - before
    shape = shape / np.ptp(shape)
    n = len(shape)
    early, late, end = (
        shape[: n // 2].mean(),
        shape[n // 2 :].mean(),
        shape[int(0.6 * n) : int(0.9 * n)].mean(),
    )
    if end > 0.25 and shape.max() > 0.55 and late > 0.1:
        return RIGHT
    if early < -0.1 and shape.max() < 0.42 and shape.min() < -0.58 and end < 0.12:
        return LEFT
    return UNKNOWN
