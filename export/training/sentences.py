"""What a report would say of a window: the findings that its labels hold, in varied words.

Only what is visible in the leads at hand is said, and only what is sure.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.signal import find_peaks

from edge.labels import Rhythm
from export.model import FRAMES_PER_SECOND
from export.training.records import BEAT_CLASSES, SCREENS
from export.training.rhythms import RHYTHMS, UNKNOWN_RHYTHM
from export.training.targets import Window

RHYTHM_WORDS = {
    Rhythm.NON_AF: ("sinus rhythm", "normal sinus rhythm", "regular sinus rhythm"),
    Rhythm.ATRIAL_FIBRILLATION: (
        "atrial fibrillation",
        "atrial fibrillation with irregular ventricular response",
    ),
    Rhythm.ATRIAL_FLUTTER: ("atrial flutter", "atrial flutter with flutter waves"),
    Rhythm.SUPRAVENTRICULAR_TACHYCARDIA: ("supraventricular tachycardia", "narrow complex tachycardia"),
    Rhythm.VENTRICULAR_TACHYCARDIA: ("ventricular tachycardia", "wide complex tachycardia"),
    Rhythm.VENTRICULAR_FIBRILLATION: ("ventricular fibrillation", "ventricular flutter or fibrillation"),
    Rhythm.BRADYCARDIA: ("sinus bradycardia", "slow sinus rhythm"),
    Rhythm.PACED: ("paced rhythm", "ventricular pacing by a pacemaker"),
    Rhythm.NOISE: ("unreadable, noisy signal", "too much noise to read"),
}
BEAT_WORDS = {
    "S": ("supraventricular premature beat", "atrial premature beats", "premature atrial complexes"),
    "V": ("ventricular premature beat", "premature ventricular complexes", "ventricular ectopic beats"),
    "F": ("fusion beat", "fusion of normal and ventricular beats"),
}
_COUPLET = ("ventricular couplet", "a pair of ventricular beats")
_RUN = ("run of ventricular beats", "a ventricular run")
_BIGEMINY = ("ventricular bigeminy", "every second beat is ventricular")
_FAST_BPM, _SLOW_BPM = 100, 50
_RUN_BEATS = 3


@dataclass(frozen=True, slots=True)
class Report:
    """`findings` name what is there, whatever the words; `measurements` is empty where beats are unknown."""

    findings: tuple[str, ...]
    words: str
    measurements: str


def report(window: Window, rng: np.random.Generator) -> Report | None:
    """None where the labels say nothing."""
    findings: dict[str, str] = {}
    rhythm = _rhythm(window)
    if rhythm is not None:
        findings[rhythm] = str(rng.choice(RHYTHM_WORDS[rhythm]))
    elif window.screen == SCREENS.index("O"):
        findings["other"] = "rhythm other than sinus rhythm or atrial fibrillation"
    codes = _beats(window)
    for name in ("S", "V", "F"):
        if BEAT_CLASSES.index(name) in codes:
            findings[name] = str(rng.choice(BEAT_WORDS[name]))
    findings |= {name: str(rng.choice(words)) for name, words in _groups(codes)}
    rr_s = np.diff(np.flatnonzero(_peaks(window))) / FRAMES_PER_SECOND
    if not findings:
        return None
    words = [*findings.values()]
    if len(rr_s) > _RUN_BEATS and rhythm != Rhythm.NOISE:
        words += _rate_words(60 / float(np.median(rr_s)), rhythm)
    order = rng.permutation(len(words)) if rng.random() < 0.3 else np.arange(len(words))
    return Report(tuple(sorted(map(str, findings))), ", ".join(words[i] for i in order), _measured(rr_s))


def _rhythm(window: Window) -> Rhythm | None:
    """The one rhythm of at least three quarters of the window."""
    sets = window.rhythms[window.rhythms != UNKNOWN_RHYTHM]
    values, counts = np.unique(sets, return_counts=True)
    if not len(values) or counts.max() < 0.75 * len(window.rhythms):
        return None
    bits = int(values[counts.argmax()])
    return RHYTHMS[bits.bit_length() - 1] if bits.bit_count() == 1 else None


def _peaks(window: Window) -> np.ndarray:
    peaks = np.zeros(len(window.beat_heat), bool)
    peaks[find_peaks(window.beat_heat, height=0.8)[0]] = True
    return peaks


def _beats(window: Window) -> list[int]:
    return [int(code) for code in window.beat_codes[_peaks(window)]]


def _groups(codes: list[int]) -> list[tuple[str, tuple[str, ...]]]:
    """Runs of V of two and of three or more, and bigeminy over at least three pairs."""
    text = "".join(BEAT_CLASSES[code] if code >= 0 else "?" for code in codes)
    longest = max(map(len, re.findall("V+", text)), default=0)
    found: list[tuple[str, tuple[str, ...]]] = []
    if longest >= _RUN_BEATS:
        found.append(("run", _RUN))
    elif longest == _RUN_BEATS - 1:
        found.append(("couplet", _COUPLET))
    if "NVNVNV" in text:
        found.append(("bigeminy", _BIGEMINY))
    return found


def _rate_words(rate_bpm: float, rhythm: Rhythm | None) -> list[str]:
    if rate_bpm > _FAST_BPM:
        return ["tachycardia"] if rhythm is None else ["fast rate"]
    return ["slow rate"] if rate_bpm < _SLOW_BPM and rhythm != Rhythm.BRADYCARDIA else []


def _measured(rr_s: np.ndarray) -> str:
    """Rate and spread of the intervals, as numbers."""
    if len(rr_s) < _RUN_BEATS:
        return ""
    jumps = [abs(b - a) for a, b in pairwise(rr_s)]
    rate_bpm, rr_ms, jump_ms = (
        round(float(x)) for x in (60 / rr_s.mean(), rr_s.mean() * 1000, np.mean(jumps) * 1000)
    )
    return f"heart rate {rate_bpm} bpm, RR {rr_ms} ms, RR change {jump_ms} ms"
