"""What the evidence of a window says of a subject: there, not there, or nothing; and how many."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean
from typing import Final

from edge.evidence import Evidence
from edge.fusion import MODEL_MAY_SAY
from edge.grounding_subjects import Subject
from edge.grounding_times import CLASSES_OF_SUBJECT, WAVEFORM_OF_SUBJECT, runs
from edge.labels import BeatClass, Waveform

_S = Subject

_NOT_SINUS: Final = (
    Waveform.ATRIAL_FIBRILLATION,
    Waveform.ATRIAL_FLUTTER,
    Waveform.VENTRICULAR_TACHYCARDIA,
    Waveform.VENTRICULAR_FIBRILLATION,
    Waveform.SUPRAVENTRICULAR_RUN,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Between words and numbers. PR, QRS and QT: AHA/ACCF/HRS 2009; QTc after Fridericia, sex unknown.

    A QTc from 450 to 460 ms is neither normal nor prolonged here, as it is one in men and not in women.
    """

    regular_spread: float = 0.1
    slow_bpm: float = 60.0
    fast_bpm: float = 100.0
    short_pr_ms: float = 120.0
    long_pr_ms: float = 200.0
    narrow_qrs_ms: float = 110.0
    wide_qrs_ms: float = 120.0
    short_qtc_ms: float = 390.0
    normal_qtc_ms: float = 450.0
    long_qtc_ms: float = 460.0
    readable_share: float = 0.9
    fewest_sinus_beats: int = 3


LIMITS: Final = Limits()


_BLOCKS = {Waveform.LEFT_BUNDLE_BRANCH_BLOCK, Waveform.RIGHT_BUNDLE_BRANCH_BLOCK}
_NEVER_DENIED = MODEL_MAY_SAY | _BLOCKS
"""Nothing looks for these, or what does misses many."""


def holds(subject: Subject, evidence: Evidence) -> bool | None:
    """`None` where the evidence says neither that it is there nor that it is not."""
    return _HOLDS[subject](evidence) if subject in _HOLDS else _by_span(subject, evidence)


def is_denied(subject: Subject, evidence: Evidence) -> bool:
    """Whether it can be said that it is not there: only of signal that can be read, or of noise."""
    about_signal = subject in {Subject.NOISE, Subject.READABLE}
    is_readable = evidence.readable_s >= evidence.duration_s / 2
    return (about_signal or is_readable) and holds(subject, evidence) is False


def count(subject: Subject, evidence: Evidence) -> int | None:
    """How many beats of a class, runs, or spans; `None` for what cannot be counted."""
    classes = CLASSES_OF_SUBJECT.get(subject)
    if classes is not None:
        return sum(evidence.count(beat_class) for beat_class in classes)
    if subject in _RUN_SUBJECTS:
        return len(runs(subject, evidence))
    waveform = WAVEFORM_OF_SUBJECT.get(subject)
    return None if waveform is None else len(evidence.of(waveform))


def qtc_ms(evidence: Evidence) -> float | None:
    """QT corrected for the mean interval after Fridericia."""
    if evidence.qt_ms is None or not evidence.rr_ms:
        return None
    mean_s = mean(evidence.rr_ms) / 1000
    return evidence.qt_ms / mean_s ** (1 / 3) if mean_s > 0 else None


_RUN_SUBJECTS: Final = frozenset({_S.COUPLET, _S.TRIPLET, _S.RUN, _S.VENTRICULAR_RUN})


def _by_span(subject: Subject, evidence: Evidence) -> bool | None:
    """Of what nothing here looks for, no evidence is none of its absence."""
    counted = count(subject, evidence) or 0
    waveform = WAVEFORM_OF_SUBJECT.get(subject)
    if counted or (waveform is not None and evidence.of(waveform)):
        return True
    return None if waveform in _NEVER_DENIED else False


def _either(*subjects: Subject) -> Callable[[Evidence], bool | None]:
    def either(evidence: Evidence) -> bool | None:
        found = [holds(subject, evidence) for subject in subjects]
        return True if True in found else (None if None in found else False)

    return either


def _within(
    value: Callable[[Evidence], float | None], low: float | None, high: float | None
) -> Callable[[Evidence], bool | None]:
    def within(evidence: Evidence) -> bool | None:
        measured = value(evidence)
        if measured is None:
            return None
        return (low is None or measured >= low) and (high is None or measured <= high)

    return within


def _rate(evidence: Evidence) -> float | None:
    return evidence.heart_rate_bpm


def _spread(evidence: Evidence) -> float | None:
    return evidence.rr_spread


def _fibrillates(evidence: Evidence) -> bool | None:
    if evidence.of(Waveform.ATRIAL_FIBRILLATION):
        return True
    return None if evidence.of(Waveform.VENTRICULAR_FIBRILLATION) else False


def _is_slow(evidence: Evidence) -> bool | None:
    rate = evidence.heart_rate_bpm
    if evidence.of(Waveform.BRADYCARDIA):
        return True
    return False if rate is not None and rate >= LIMITS.slow_bpm else None


def _is_fast(evidence: Evidence) -> bool | None:
    rate = evidence.heart_rate_bpm
    if evidence.of(Waveform.TACHYCARDIA):
        return True
    others = evidence.of(Waveform.VENTRICULAR_TACHYCARDIA) or evidence.of(Waveform.SUPRAVENTRICULAR_RUN)
    return False if rate is not None and rate <= LIMITS.fast_bpm and not others else None


def _is_sinus(evidence: Evidence) -> bool | None:
    """Regular, mostly normal beats without another rhythm; else nothing can be said from one lead."""
    if any(evidence.of(waveform) for waveform in _NOT_SINUS):
        return False
    mostly_normal = evidence.count(BeatClass.NORMAL) >= max(
        LIMITS.fewest_sinus_beats, len(evidence.beats) / 2
    )
    is_readable = evidence.readable_s >= evidence.duration_s / 2
    return True if mostly_normal and is_readable and holds(_S.REGULAR, evidence) else None


def _is_normal_sinus(evidence: Evidence) -> bool | None:
    sinus, rate = _is_sinus(evidence), holds(_S.NORMAL_RATE, evidence)
    return False if False in (sinus, rate) else (True if sinus and rate else None)


def _has_p_waves(evidence: Evidence) -> bool | None:
    if evidence.pr_ms is not None:
        return True
    return False if evidence.of(Waveform.ATRIAL_FIBRILLATION) else None


def _is_noisy(evidence: Evidence) -> bool | None:
    if evidence.of(Waveform.UNREADABLE) or evidence.readable_s < evidence.duration_s / 2:
        return True
    return False if evidence.readable_s >= LIMITS.readable_share * evidence.duration_s else None


def _is_readable(evidence: Evidence) -> bool | None:
    noisy = _is_noisy(evidence)
    return None if noisy is None else not noisy


_BELOW: Final = 1e-6  # a limit itself belongs to the upper side
_L = LIMITS
_HOLDS: Final[dict[Subject, Callable[[Evidence], bool | None]]] = {
    _S.FIBRILLATION: _fibrillates,
    _S.VENTRICULAR_RUN: lambda e: bool(runs(_S.VENTRICULAR_RUN, e))
    or bool(e.of(Waveform.VENTRICULAR_TACHYCARDIA)),
    _S.RUN: lambda e: bool(runs(_S.RUN, e)) or _either(_S.VENTRICULAR_RUN, _S.SUPRAVENTRICULAR_RUN)(e),
    _S.BUNDLE_BRANCH_BLOCK: _either(_S.LEFT_BUNDLE_BRANCH_BLOCK, _S.RIGHT_BUNDLE_BRANCH_BLOCK),
    _S.BRADYCARDIA: _is_slow,
    _S.TACHYCARDIA: _is_fast,
    _S.SINUS_RHYTHM: _is_sinus,
    _S.NORMAL_SINUS_RHYTHM: _is_normal_sinus,
    _S.REGULAR: _within(_spread, None, _L.regular_spread - _BELOW),
    _S.IRREGULAR: _within(_spread, _L.regular_spread, None),
    _S.SLOW_RATE: _within(_rate, None, _L.slow_bpm - _BELOW),
    _S.NORMAL_RATE: _within(_rate, _L.slow_bpm, _L.fast_bpm),
    _S.FAST_RATE: _within(_rate, _L.fast_bpm + _BELOW, None),
    _S.SHORT_PR: _within(lambda e: e.pr_ms, None, _L.short_pr_ms - _BELOW),
    _S.NORMAL_PR: _within(lambda e: e.pr_ms, _L.short_pr_ms, _L.long_pr_ms),
    _S.LONG_PR: _within(lambda e: e.pr_ms, _L.long_pr_ms + _BELOW, None),
    _S.NARROW_QRS: _within(lambda e: e.qrs_ms, None, _L.narrow_qrs_ms),
    _S.WIDE_QRS: _within(lambda e: e.qrs_ms, _L.wide_qrs_ms, None),
    _S.SHORT_QT: _within(qtc_ms, None, _L.short_qtc_ms - _BELOW),
    _S.NORMAL_QT: _within(qtc_ms, _L.short_qtc_ms, _L.normal_qtc_ms),
    _S.LONG_QT: _within(qtc_ms, _L.long_qtc_ms, None),
    _S.P_WAVES: _has_p_waves,
    _S.NOISE: _is_noisy,
    _S.READABLE: _is_readable,
    _S.ABNORMALITY: lambda e: bool(e.spans),
}
