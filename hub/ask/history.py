"""Answers about the past, one function an intent, each from `Past` to sentences that can be checked."""

from collections.abc import Callable, Iterator
from typing import Final

from edge.labels import FINDING_NAMES, BeatClass, Finding
from hub.ask.past import Past, af_sentence, beats_sentence, by_intervals, cited, episodes_text, subject_name
from hub.ask.phrases import Intent, Subject
from hub.burden import Extreme, duration_s
from hub.records import Episode
from hub.wording import (
    PRIORITY_ORDER,
    beats_text,
    count_text,
    duration_text,
    minute_text,
    percent_text,
    rate_text,
    short_id,
    short_moment_text,
)

Sentences = Iterator[str]
_MOST_LISTED: Final = 10


def sentences(intent: Intent, past: Past, subject: Subject | None) -> Sentences:
    """What the period says to this intent."""
    return _ANSWERS[intent](past, subject)


def _count(past: Past, subject: Subject | None) -> Sentences:
    assert subject is not None, "a rule that counts needs a subject"
    if isinstance(subject, BeatClass):
        yield beats_sentence(past, subject)
        return
    found = past.of(subject)
    if not found:
        yield f"No episode of {subject_name(subject)} was found."
        return
    together = duration_text(sum(map(duration_s, found)))
    yield (
        f"{episodes_text(len(found))} of {subject_name(subject)}, together {together}:"
        f" {cited(found, past.zone)}."
    )


def _burden(past: Past, subject: Subject | None) -> Sentences:
    if subject in (None, Finding.ATRIAL_FIBRILLATION):
        yield af_sentence(past)
    for beat_class in (BeatClass.VENTRICULAR, BeatClass.SUPRAVENTRICULAR):
        if subject in (None, beat_class):
            yield beats_sentence(past, beat_class)
    if isinstance(subject, Finding):
        yield from _share(past, past.of(subject), subject)


def _share(past: Past, found: list[Episode], finding: Finding) -> Sentences:
    if found:
        yield from _count(past, finding)
        yield from _longest(past, finding)
    elif finding is not Finding.ATRIAL_FIBRILLATION:
        yield f"No episode of {subject_name(finding)} was found."


def _wear(past: Past, _: Subject | None) -> Sentences:
    stats = past.stats
    period_s = (past.period.to_at - past.period.from_at).total_seconds()
    yield (
        f"Worn for {duration_text(stats.wear_s)} of {duration_text(period_s)}{by_intervals(stats)};"
        f" {duration_text(stats.analysable_s)} of that could be read"
        f" ({percent_text(stats.analysable_percent)})."
    )
    unreadable = past.of(Finding.UNANALYSABLE)
    if unreadable:
        yield f"{episodes_text(len(unreadable))} of unreadable signal: {cited(unreadable, past.zone)}."


def _rate(past: Past, _: Subject | None) -> Sentences:
    stats = past.stats
    if stats.mean_heart_rate_bpm is None:
        yield "No heart rate could be measured."
        return
    lowest, highest = (_when(rate, "/min", past) for rate in (stats.min_heart_rate, stats.max_heart_rate))
    mean = rate_text(stats.mean_heart_rate_bpm)
    yield f"Heart rate {mean} on average, lowest {lowest}, highest {highest}."


def _longest_rr(past: Past, _: Subject | None) -> Sentences:
    longest = past.stats.longest_rr_ms
    if longest is None:
        yield "No interval between two beats could be measured."
        return
    yield f"The longest time between two beats was {_when(longest, ' ms', past)}."
    pauses = past.of(Finding.PAUSE)
    if pauses:
        yield f"{episodes_text(len(pauses))} of pause: {cited(pauses, past.zone)}."
    else:
        yield "None was long enough to be told as a pause."


def _longest(past: Past, subject: Subject | None) -> Sentences:
    found = past.of(subject) if isinstance(subject, Finding) else list(past.episodes)
    name = subject_name(subject) if subject is not None else "any finding"
    if not found:
        yield f"No episode of {name} was found."
        return
    longest = max(found, key=duration_s)
    length, onset = duration_text(duration_s(longest)), short_moment_text(longest.onset_at, past.zone)
    name = FINDING_NAMES[longest.finding]
    yield f"The longest episode of {name} lasted {length}: {short_id(longest.episode_id)}, from {onset} on."


def _latest(past: Past, subject: Subject | None) -> Sentences:
    found = past.of(subject) if isinstance(subject, Finding) else list(past.episodes)
    if isinstance(subject, BeatClass):
        yield f"Single {subject_name(subject)} are counted by the minute and not listed one by one."
        yield beats_sentence(past, subject)
        return
    name = subject_name(subject) if subject is not None else "any finding"
    if found:
        yield f"The latest episode of {name}: {cited(found[-1:], past.zone)}."
    else:
        yield f"No episode of {name} was found."


def _beats(past: Past, _: Subject | None) -> Sentences:
    yield f"{count_text(past.stats.total_beats)} beats were counted: {beats_text(past.stats.beats)}."


def _episodes(past: Past, subject: Subject | None) -> Sentences:
    found = past.of(subject) if isinstance(subject, Finding) else list(past.episodes)
    if not found:
        yield "No episode was found."
        return
    yield f"{episodes_text(len(found))}, the most urgent first:"
    ranked = sorted(found, key=lambda row: (PRIORITY_ORDER[row.priority], row.onset_at))
    for row in ranked[:_MOST_LISTED]:
        yield f"  {cited([row], past.zone, named=True)}, {row.priority} priority"
    if len(ranked) > _MOST_LISTED:
        yield f"  and {len(ranked) - _MOST_LISTED} more: hearth status --json lists all"


def _summary(past: Past, subject: Subject | None) -> Sentences:
    yield from _rate(past, subject)
    yield beats_sentence(past, BeatClass.VENTRICULAR)
    yield af_sentence(past)
    yield from _episodes(past, None)


def _when(extreme: Extreme | None, unit: str, past: Past) -> str:
    if extreme is None:
        return "unknown"
    return f"{extreme.value:.0f}{unit} ({minute_text(extreme.at, past.zone)})"


_ANSWERS: Final[dict[Intent, Callable[[Past, Subject | None], Sentences]]] = {
    Intent.COUNT: _count,
    Intent.BURDEN: _burden,
    Intent.WEAR: _wear,
    Intent.RATE: _rate,
    Intent.LONGEST_RR: _longest_rr,
    Intent.LONGEST: _longest,
    Intent.LATEST: _latest,
    Intent.BEATS: _beats,
    Intent.EPISODES: _episodes,
    Intent.SUMMARY: _summary,
}
