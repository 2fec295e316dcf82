"""Rules on beats that a clinician can read: couplet, run, bigeminy, trigeminy, pause, slow and fast rate.

Each rule looks at the newest beats of an uninterrupted stretch and says whether its finding is present
at the last beat, and since when. Thresholds: clinical.md, part B (ISHNE-HRS 2017 and Holter practice).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.labels import BeatClass, Finding
from edge.stream import Beat

_COUPLET, _RUN = 2, 3  # beats
_V, _S = BeatClass.VENTRICULAR, BeatClass.SUPRAVENTRICULAR


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """Per patient; the defaults are common Holter practice."""

    pause_ms: float = 3000.0
    bradycardia_bpm: float = 40.0
    tachycardia_bpm: float = 140.0
    rate_beats: int = 8
    run_tachycardia_bpm: float = 100.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """A finding that is present at the last beat, since `onset` (the first beat that belongs to it)."""

    finding: Finding
    onset: Beat
    confidence: float


Rule = Callable[[Sequence[Beat], RuleSettings], Sighting | None]


def sightings(beats: Sequence[Beat], settings: RuleSettings) -> list[Sighting]:
    """All findings at the last beat of `beats` (oldest first, none lost in between)."""
    found = [rule(beats, settings) for rule in _RULES]
    return [sighting for sighting in found if sighting is not None]


def _run_length(beats: Sequence[Beat], beat_class: BeatClass) -> int:
    length = 0
    for beat in reversed(beats):
        if beat.beat_class is not beat_class:
            break
        length += 1
    return length


def _sighting(finding: Finding, beats: Sequence[Beat]) -> Sighting:
    return Sighting(finding, beats[0], min(beat.confidence for beat in beats))


def _couplet(beats: Sequence[Beat], _: RuleSettings) -> Sighting | None:
    """Two ventricular beats in a row, once the beat after them shows that it was no run."""
    if _run_length(beats, _V) or _run_length(beats[:-1], _V) != _COUPLET:
        return None
    return _sighting(Finding.VENTRICULAR_COUPLET, beats[-3:-1])


def _ventricular_run(beats: Sequence[Beat], settings: RuleSettings) -> Sighting | None:
    """Three ventricular beats or more; tachycardia where they are faster than the limit."""
    length = _run_length(beats, _V)
    if length < _RUN:
        return None
    run = beats[-length:]
    intervals = [beat.rr_ms for beat in run[1:] if beat.rr_ms is not None]
    is_fast = bool(intervals) and 60_000 * len(intervals) / sum(intervals) > settings.run_tachycardia_bpm
    return _sighting(Finding.VENTRICULAR_TACHYCARDIA if is_fast else Finding.VENTRICULAR_RUN, run)


def _supraventricular_run(beats: Sequence[Beat], _: RuleSettings) -> Sighting | None:
    length = _run_length(beats, _S)
    return _sighting(Finding.SUPRAVENTRICULAR_RUN, beats[-length:]) if length >= _RUN else None


def _pattern_length(beats: Sequence[Beat], period: int) -> int:
    """How many of the last beats repeat one ventricular beat after `period - 1` others."""
    is_v = [beat.beat_class is _V for beat in beats]
    length = next((i for i in range(period, len(is_v)) if is_v[-1 - i] != is_v[-1 - i + period]), len(is_v))
    return length if sum(is_v[-period:]) == 1 else 0


def _bigeminy(beats: Sequence[Beat], _: RuleSettings) -> Sighting | None:
    length = _pattern_length(beats, 2)
    return _sighting(Finding.VENTRICULAR_BIGEMINY, beats[-length:]) if length >= 3 * 2 else None


def _trigeminy(beats: Sequence[Beat], _: RuleSettings) -> Sighting | None:
    length = _pattern_length(beats, 3)
    return _sighting(Finding.VENTRICULAR_TRIGEMINY, beats[-length:]) if length >= 3 * 3 else None


def _pause(beats: Sequence[Beat], settings: RuleSettings) -> Sighting | None:
    rr_ms = beats[-1].rr_ms
    if rr_ms is None or rr_ms < settings.pause_ms or len(beats) < _COUPLET:
        return None
    return _sighting(Finding.PAUSE, beats[-2:])


def _mean_rate_bpm(beats: Sequence[Beat], n: int) -> float | None:
    intervals = [beat.rr_ms for beat in beats[-n:] if beat.rr_ms is not None]
    return 60_000 * n / sum(intervals) if len(intervals) == n else None


def _bradycardia(beats: Sequence[Beat], settings: RuleSettings) -> Sighting | None:
    rate = _mean_rate_bpm(beats, settings.rate_beats)
    is_slow = rate is not None and rate < settings.bradycardia_bpm
    return _sighting(Finding.BRADYCARDIA, beats[-settings.rate_beats :]) if is_slow else None


def _tachycardia(beats: Sequence[Beat], settings: RuleSettings) -> Sighting | None:
    rate = _mean_rate_bpm(beats, settings.rate_beats)
    is_fast = rate is not None and rate > settings.tachycardia_bpm
    return _sighting(Finding.TACHYCARDIA, beats[-settings.rate_beats :]) if is_fast else None


_RULES: tuple[Rule, ...] = (
    _couplet,
    _ventricular_run,
    _supraventricular_run,
    _bigeminy,
    _trigeminy,
    _pause,
    _bradycardia,
    _tachycardia,
)
