"""The shape of a beat on one lead, and what the patient's like beats make of it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

SHAPE_FS_HZ = 128
SHAPE_BEFORE, SHAPE_AFTER = 32, 64
SHAPE_SAMPLES = SHAPE_BEFORE + SHAPE_AFTER
_QRS = slice(SHAPE_BEFORE - 13, SHAPE_BEFORE + 20)
_FLAT_MV = 1e-3
_LIKE_POWER = 12  # a correlation of 0.9 counts a quarter, one of 0.7 hardly


def shapes_of_beats(ecg_mv: npt.NDArray[np.floating], at_s: Sequence[float]) -> Float32:
    """Cut `[beats, SHAPE_SAMPLES]` out of `[n]` mV at `SHAPE_FS_HZ`, a quarter before to half a second after.

    Each around its median; what lies outside of the signal repeats its end.
    """
    centres = np.round(np.asarray(at_s, np.float64) * SHAPE_FS_HZ).astype(np.int64)
    rows = centres[:, None] + np.arange(-SHAPE_BEFORE, SHAPE_AFTER)
    cut = np.asarray(ecg_mv, np.float32)[rows.clip(0, len(ecg_mv) - 1)]
    return np.asarray(cut - np.median(cut, axis=1, keepdims=True), np.float32)


def of_unit_qrs(shapes: Float32) -> Float32:
    """`[beats, SHAPE_SAMPLES]` around the median, with a QRS of height 1 from lowest to highest."""
    centred = shapes - np.median(shapes, axis=-1, keepdims=True)
    height = np.ptp(shapes[..., _QRS], axis=-1)[..., None]
    return np.asarray(centred / np.maximum(height, _FLAT_MV), np.float32)


def mean_of_alike(shape: Float32, others: Float32) -> Float32:
    """The mean `[SHAPE_SAMPLES]` of `[beats, SHAPE_SAMPLES]`, each weighted by its likeness to `shape`."""
    likeness = others @ shape / np.maximum(_lengths(others) * _lengths(shape), _FLAT_MV)
    weights = np.maximum(likeness, 0) ** _LIKE_POWER
    total = weights.sum()
    return np.asarray(weights @ others / total, np.float32) if total > 0 else shape


def _lengths(shapes: Float32) -> Float32:
    return np.asarray(np.linalg.norm(shapes, axis=-1), np.float32)
