"""openecg: `detect_qrs` in its own 10-s windows; beat classes and AF of `encode_stream` with the int8 codec.

Resampled to its 500 Hz. A beat takes the commonest class within 60 ms, as its `report` does. It has no S.
"""

from collections.abc import Iterator

import numpy as np
import openecg
from openecg.deploy import OnnxCodec
from openecg.layered import BEAT_NAMES, BEAT_NONE, RHYTHM_AFIB, LayeredCodec
from scipy.signal import resample_poly

from benchmarks.peers.found import Float64, Found

NAME, DISTRIBUTION, SAYS = "openecg", "openecg", ("QRS", "V", "AF")

FS_HZ, WINDOW_S, GUARD_S = 500, 10, 2
AROUND_S = 0.06
_SYMBOLS = {"sinus": "N", "vpc": "V", "paced": "/", "fusion": "F", "unknown": "Q"}


def detect(ecg_mv: Float64, fs_hz: float) -> Found:
    """Beats with classes, and where AF starts and ends."""
    ecg = resample_poly(ecg_mv, FS_HZ, int(fs_hz))
    codec = openecg.encode_stream(ecg.astype(np.float32), fs=FS_HZ, model=OnnxCodec())
    beats = sorted(set(_windows_of_beats(ecg)))
    at_input = [round(beat * fs_hz / FS_HZ) for beat in beats]
    return Found(at_input, [_symbol(codec, beat) for beat in beats], list(_rhythms(codec, fs_hz)))


def _windows_of_beats(ecg: Float64) -> Iterator[int]:
    """Of each window what lies off its guards, of the first and last one all."""
    window, guard = WINDOW_S * FS_HZ, GUARD_S * FS_HZ
    for start in range(0, max(len(ecg) - 2 * guard, 1), window - 2 * guard):
        first = start + guard if start else 0
        is_last = start + window >= len(ecg)
        stop = len(ecg) if is_last else start + window - guard
        found = openecg.detect_qrs(ecg[start : start + window], FS_HZ) + start
        yield from (int(beat) for beat in found if first <= beat < stop)
        if is_last:
            return


def _symbol(codec: LayeredCodec, beat: int) -> str:
    around = round(AROUND_S * FS_HZ)
    labels = codec.beat[max(0, beat - around) : beat + around + 1]
    named = labels[labels != BEAT_NONE]
    return _SYMBOLS[BEAT_NAMES[int(np.bincount(named).argmax())]] if named.size else "N"


def _rhythms(codec: LayeredCodec, fs_hz: float) -> Iterator[tuple[int, str]]:
    is_af = codec.rhythm == RHYTHM_AFIB
    for at in np.flatnonzero(np.diff(is_af, prepend=not is_af[0])).tolist():
        yield round(at * fs_hz / FS_HZ), "(AFIB" if is_af[at] else "(N"
