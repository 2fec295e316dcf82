"""What can be asked for: concepts, and whether each is in a labelled window, is not, or is not known."""

import re
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

from edge.labels import BeatClass, Rhythm
from export.model import FRAMES_PER_SECOND
from export.training.records import BEAT_CLASSES, SCREENS
from export.training.rhythms import RHYTHMS
from export.training.targets import Window

RHYTHM_CONCEPTS: Final = tuple(str(rhythm) for rhythm in RHYTHMS if rhythm is not Rhythm.NON_AF)
BEAT_CONCEPTS: Final = ("S", "V", "F", "couplet", "run", "bigeminy", "trigeminy", "svrun")
RATE_CONCEPTS: Final = ("slow", "fast", "pause", "irregular")
STATEMENT_CONCEPTS: Final = ("CRBBB", "CLBBB", "1AVB", "LVH", "IMI", "ASMI")
CONCEPTS: Final = (*RHYTHM_CONCEPTS, *BEAT_CONCEPTS, *RATE_CONCEPTS, "normal", *STATEMENT_CONCEPTS)

YES, NO, UNSURE = 1, 0, -1
_COLUMN: Final = {name: column for column, name in enumerate(CONCEPTS)}
_PRESENT_S, _NOISY_S = 3, 6
_SLOW_BPM, _FAST_BPM, _PAUSE_S, _IRREGULAR = 50, 100, 2.0, 0.1
_FEWEST_RR = 4
_PATTERN: Final = {"bigeminy": "NVNVNV", "trigeminy": "NNVNNVNNV"}
_CONCEPT_OF_STATEMENT: Final = {
    "AFIB": "AFIB", "AFLT": "AFL", "SBRAD": "slow", "STACH": "fast", "PACE": "P", "SVTAC": "SVTA",
    "PVC": "V", "PAC": "S", "BIGU": "bigeminy", "TRIGU": "trigeminy", "NORM": "normal",
    **{name: name for name in STATEMENT_CONCEPTS},
}  # fmt: skip

Known = npt.NDArray[np.int8]


def concepts_of_window(window: Window) -> Known:
    """`[concepts]` from annotations of beats, rhythm and readability."""
    known = np.full(len(CONCEPTS), UNSURE, np.int8)
    _put_rhythms(known, window)
    noisy_s = int((window.quality == 0).sum())
    if noisy_s >= _NOISY_S:
        known[_COLUMN["NOISE"]], known[_COLUMN["normal"]] = YES, NO
        return known
    known[_COLUMN["NOISE"]] = NO if noisy_s == 0 and (window.quality == 1).all() else UNSURE
    _put_beats(known, window)
    if window.screen >= 0:
        known[_COLUMN["normal"]] = SCREENS[window.screen] == "N"
    return known


def concepts_of_statements(codes: tuple[str, ...], visible: tuple[str, ...]) -> Known:
    """`[concepts]` from a PTB-XL report: absent is what it does not say; what the leads hide is not known."""
    known = np.full(len(CONCEPTS), UNSURE, np.int8)
    for code, name in _CONCEPT_OF_STATEMENT.items():
        if code not in codes:
            known[_COLUMN[name]] = max(known[_COLUMN[name]], NO)
        elif code in visible:
            known[_COLUMN[name]] = YES
    return known


def _put_rhythms(known: Known, window: Window) -> None:
    for bit, rhythm in enumerate(RHYTHMS):
        if rhythm is Rhythm.NON_AF:
            continue
        alone_s = int((window.rhythms == 1 << bit).sum())
        possible_s = int((window.rhythms >> bit & 1).sum())
        known[_COLUMN[str(rhythm)]] = YES if alone_s >= _PRESENT_S else UNSURE if possible_s else NO
    if known[_COLUMN["AFIB"]] == YES:
        known[_COLUMN["normal"]], known[_COLUMN["irregular"]] = NO, YES


def _put_beats(known: Known, window: Window) -> None:
    peaks = find_peaks(window.beat_heat, height=0.8)[0]
    codes = window.beat_codes[peaks]
    text = "".join(BEAT_CLASSES[code] if code >= 0 else "?" for code in codes)
    complete = bool((window.beat_heat >= 0).all()) and "?" not in text and len(text) > _FEWEST_RR
    said = {
        **{name: name in text for name in ("S", "V", "F")},
        "couplet": re.search("(?<!V)VV(?!V)", text) is not None,
        "run": "VVV" in text,
        "svrun": "SSS" in text,
        **{name: pattern in text for name, pattern in _PATTERN.items()},
    }
    for name, is_there in said.items():
        known[_COLUMN[name]] = YES if is_there else NO if complete else UNSURE
    if complete or (len(peaks) > _FEWEST_RR and (window.beat_heat >= 0).all()):
        _put_rate(known, np.diff(peaks) / FRAMES_PER_SECOND)
    if complete:
        plain = set(text) == {str(BeatClass.NORMAL)}
        known[_COLUMN["normal"]] = plain and _is_plain(known)


def _put_rate(known: Known, rr_s: npt.NDArray[np.float64]) -> None:
    rate_bpm = 60 / float(np.median(rr_s))
    jumps_s = [abs(b - a) for a, b in pairwise(rr_s.tolist())]
    known[_COLUMN["slow"]] = rate_bpm < _SLOW_BPM
    known[_COLUMN["fast"]] = rate_bpm > _FAST_BPM
    known[_COLUMN["pause"]] = float(rr_s.max()) >= _PAUSE_S
    known[_COLUMN["irregular"]] = float(np.median(jumps_s)) > _IRREGULAR * float(np.median(rr_s))


def _is_plain(known: Known) -> bool:
    """Nothing else is there, as far as it is known."""
    others = [column for name, column in _COLUMN.items() if name != "normal"]
    return not (known[others] == YES).any()
