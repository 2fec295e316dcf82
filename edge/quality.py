"""Signal that nobody can read whatever a network says: flat, saturated, or with a lead off."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

FLAT_UV = 15  # peak to peak within a second; the smallest QRS that is worth calling is ten times that
SATURATED_SHARE = 0.2


def unreadable_seconds(ecg_uv: npt.NDArray[np.int64], bounds: list[int]) -> list[bool]:
    """For each second between two bounds: is no lead of `[n, leads]` alive?"""
    return [_is_dead(ecg_uv[first:stop]) for first, stop in pairwise(bounds)]


def _is_dead(ecg_uv: npt.NDArray[np.int64]) -> bool:
    if not len(ecg_uv):
        return True
    low, high = ecg_uv.min(axis=0), ecg_uv.max(axis=0)
    at_limit = (ecg_uv == low) | (ecg_uv == high)
    flat = high - low < FLAT_UV
    saturated = at_limit.mean(axis=0) > SATURATED_SHARE
    return bool((flat | saturated).all())
