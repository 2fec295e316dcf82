"""Stretches of one waveform, as tenths of a second, and with borders at beats."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge.beat_spans import merged

Bools = npt.NDArray[np.bool_]
Places = list[tuple[float, float]]


def to_tenths(places: Sequence[Sequence[float]], seconds: int) -> Bools:
    """Which tenths of the window are inside."""
    inside = np.zeros(10 * seconds, bool)
    for start_s, end_s in places:
        inside[max(0, round(10 * start_s)) : max(0, round(10 * end_s))] = True
    return inside


def of_tenths(inside: Bools) -> Places:
    """The stretches of `to_tenths`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    return [(float(a) / 10, float(b) / 10) for a, b in edges.reshape(-1, 2)]


def snapped(places: Places, beats_s: Sequence[float], seconds: int, near_s: float) -> Places:
    """Borders moved to the nearest beat, or to either end of the window, if it is `near_s` away or less."""
    marks = np.array([0.0, *(round(at, 1) for at in beats_s), float(seconds)])

    def moved(at_s: float) -> float:
        nearest = float(marks[np.abs(marks - at_s).argmin()])
        return nearest if abs(nearest - at_s) <= near_s + 1e-9 else at_s

    return merged([(moved(a), moved(b)) for a, b in places if moved(a) < moved(b)])
