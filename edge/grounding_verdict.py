"""Whether the evidence of a window bears a claim out, number by number."""

from dataclasses import dataclass
from math import isclose
from statistics import mean
from typing import Final

from edge.evidence import Evidence
from edge.grounding_claims import (
    Claim,
    Counted,
    Holds,
    Lasts,
    Measured,
    Placed,
    RunOf,
    Share,
    Throughout,
)
from edge.grounding_subjects import Measure, Subject
from edge.grounding_times import moments_s, rate_during_bpm, run_lengths, spans_s
from edge.grounding_truth import count, holds, is_denied, qtc_ms
from edge.labels import BeatClass


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far a number in a sentence may lie from the measured one. Counts are exact."""

    rate_bpm: float = 5.0
    rate_share: float = 0.05  # the larger of the two
    interval_ms: float = 10.0
    time_s: float = 0.3
    percent_points: float = 2.0


TOLERANCES: Final = Tolerances()


def is_borne_out(claim: Claim, evidence: Evidence) -> bool:
    """True where the evidence holds all of it."""
    match claim:
        case Holds(subject, denied=True):
            return is_denied(subject, evidence)
        case Holds(subject):
            return holds(subject, evidence) is True
        case Placed():
            return _is_placed(claim, evidence)
        case Throughout(subject):
            return _fills(subject, evidence)
    return _has_number(claim, evidence)


def _has_number(claim: Counted | RunOf | Lasts | Measured | Share, evidence: Evidence) -> bool:
    match claim:
        case Counted(subject, number):
            return _counts(subject, number, evidence)
        case RunOf(subject, number):
            return number in _run_lengths(subject, evidence)
        case Lasts(subject_or_window, duration_s):
            return any(_near_s(duration_s, known) for known in _durations_s(subject_or_window, evidence))
        case Measured(measure, value, during):
            return _is_measured(measure, value, during, evidence)
        case Share(subject, percent):
            shares = _shares(subject, evidence)
            return any(abs(percent - known) <= TOLERANCES.percent_points for known in shares)


def _counts(subject: Subject, number: float, evidence: Evidence) -> bool:
    """None of something is a denial."""
    counted = count(subject, evidence)
    return counted == number and (number > 0 or is_denied(subject, evidence))


def _run_lengths(subject: Subject, evidence: Evidence) -> list[int]:
    ventricular = run_lengths(evidence, BeatClass.VENTRICULAR)
    supraventricular = run_lengths(evidence, BeatClass.SUPRAVENTRICULAR)
    if subject is Subject.SUPRAVENTRICULAR_RUN:
        return supraventricular
    return ventricular + supraventricular if subject is Subject.RUN else ventricular


def _is_placed(claim: Placed, evidence: Evidence) -> bool:
    spans, moments = spans_s(claim.subject, evidence), moments_s(claim.subject, evidence)
    if claim.role == "start":
        return any(_near_s(claim.times_s[0][0], start) for start, _ in spans)
    if claim.role == "end":
        return any(_near_s(claim.times_s[0][1], end) for _, end in spans)
    return all(_is_at(start, end, spans, moments) for start, end in claim.times_s)


def _is_at(start_s: float, end_s: float, spans: list[tuple[float, float]], moments: list[float]) -> bool:
    """A moment lies on a beat, or within a rhythm; a stretch has the borders of one, or of all of them."""
    if start_s == end_s:
        on_beat = any(_near_s(start_s, moment) for moment in moments)
        within = any(a - TOLERANCES.time_s <= start_s <= b + TOLERANCES.time_s for a, b in spans)
        return on_beat if moments else within
    borders = list(spans)
    if spans:
        borders.append((spans[0][0], spans[-1][1]))
    if moments:
        borders.append((moments[0], moments[-1]))
    return any(_near_s(start_s, a) and _near_s(end_s, b) for a, b in borders)


def _durations_s(subject: Subject | None, evidence: Evidence) -> list[float]:
    if subject is None:
        return [evidence.duration_s]
    spans = spans_s(subject, evidence)
    return [end - start for start, end in spans] + [sum(end - start for start, end in spans)]


def _fills(subject: Subject, evidence: Evidence) -> bool:
    """Rhythms with spans fill them; what is true of the whole window fills it."""
    spans = spans_s(subject, evidence)
    whole = {Subject.SINUS_RHYTHM, Subject.NORMAL_SINUS_RHYTHM, Subject.REGULAR, Subject.READABLE}
    if subject in whole:
        return not evidence.spans and holds(subject, evidence) is True
    return any(_near_s(start, 0) and _near_s(end, evidence.duration_s) for start, end in spans)


def _is_measured(measure: Measure, value: float, during: Subject | None, evidence: Evidence) -> bool:
    if measure is Measure.RATE:
        rates = [evidence.heart_rate_bpm, *(rate_during_bpm(during, evidence) if during else ())]
        return any(_near_rate(value, known) for known in rates if known is not None)
    known = _interval_ms(measure, evidence)
    return known is not None and abs(value - known) <= TOLERANCES.interval_ms


def _interval_ms(measure: Measure, evidence: Evidence) -> float | None:
    rr_ms = evidence.rr_ms
    known: dict[Measure, float | None] = {
        Measure.PR: evidence.pr_ms,
        Measure.QRS: evidence.qrs_ms,
        Measure.QT: evidence.qt_ms,
        Measure.QTC: qtc_ms(evidence),
        Measure.RR: mean(rr_ms) if rr_ms else None,
        Measure.LONGEST_RR: max(rr_ms, default=None),
    }
    return known[measure]


def _shares(subject: Subject, evidence: Evidence) -> list[float]:
    """Percent of the beats, and of the time."""
    shares = []
    if evidence.beats and moments_s(subject, evidence):
        shares.append(100 * len(moments_s(subject, evidence)) / len(evidence.beats))
    if not evidence.duration_s:
        return shares
    if subject is Subject.READABLE:
        return [100 * evidence.readable_s / evidence.duration_s]
    return [
        *shares,
        100 * sum(end - start for start, end in spans_s(subject, evidence)) / evidence.duration_s,
    ]


def _near_s(said_s: float, known_s: float) -> bool:
    return abs(said_s - known_s) <= TOLERANCES.time_s or isclose(abs(said_s - known_s), TOLERANCES.time_s)


def _near_rate(said_bpm: float, known_bpm: float) -> bool:
    return abs(said_bpm - known_bpm) <= max(TOLERANCES.rate_bpm, TOLERANCES.rate_share * known_bpm)
