"""Rhythm labels as sets: what a second may be, one bit for each rhythm.

A database often says less than one rhythm ("other", "not AF"); a set says exactly what is known. Where
all bits are set nothing is.
"""

import numpy as np
import numpy.typing as npt

from edge.labels import Rhythm

RHYTHMS = tuple(Rhythm)
UNKNOWN_RHYTHM = (1 << len(RHYTHMS)) - 1

RhythmSets = npt.NDArray[np.uint16]


def rhythm_set(*rhythms: Rhythm) -> int:
    """The bits of these rhythms."""
    return sum(1 << RHYTHMS.index(rhythm) for rhythm in rhythms)


def all_but(*rhythms: Rhythm) -> int:
    """The bits of all others."""
    return UNKNOWN_RHYTHM & ~rhythm_set(*rhythms)


SINUS = rhythm_set(Rhythm.NON_AF)
SET_OF_AUX = {
    "(N": SINUS,
    "(AFIB": rhythm_set(Rhythm.ATRIAL_FIBRILLATION),
    "(AFL": rhythm_set(Rhythm.ATRIAL_FLUTTER),
    "(SVTA": rhythm_set(Rhythm.SUPRAVENTRICULAR_TACHYCARDIA),
    "(VT": rhythm_set(Rhythm.VENTRICULAR_TACHYCARDIA),
    "(VFL": rhythm_set(Rhythm.VENTRICULAR_FIBRILLATION),
    "(VF": rhythm_set(Rhythm.VENTRICULAR_FIBRILLATION),
    "(SBR": rhythm_set(Rhythm.BRADYCARDIA),
    "(P": rhythm_set(Rhythm.PACED),
    "(B": SINUS,
    "(T": SINUS,
    "(PREX": SINUS,
    "(AB": SINUS,
    "(IVR": rhythm_set(Rhythm.NON_AF, Rhythm.VENTRICULAR_TACHYCARDIA),
    "(NOD": rhythm_set(Rhythm.NON_AF, Rhythm.BRADYCARDIA),
    "(BII": rhythm_set(Rhythm.NON_AF, Rhythm.BRADYCARDIA),
}

SLOW_RR_S = 1.2  # 50 a minute
_RR_AROUND = 3


def with_bradycardia(sets: RhythmSets, beat_s: npt.NDArray[np.floating]) -> RhythmSets:
    """Seconds of sinus rhythm slower than 50 a minute, over six intervals around, are bradycardia."""
    if len(beat_s) < 2 * _RR_AROUND + 1:
        return sets
    rr_s = np.diff(beat_s)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(rr_s, _RR_AROUND, mode="edge"), 2 * _RR_AROUND)
    is_slow = around.mean(axis=1)[: len(rr_s)] > SLOW_RR_S
    of_second = np.searchsorted(beat_s, np.arange(len(sets)) + 0.5).clip(1, len(rr_s)) - 1
    slow = is_slow[of_second] & (sets == SINUS)
    return np.where(slow, rhythm_set(Rhythm.BRADYCARDIA), sets).astype(np.uint16)
