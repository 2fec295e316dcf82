"""Questions about the signal itself: which windows are meant, and what the edge says of them."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from edge.events import LONGEST_WINDOW_S, AskAnswer, AskWindow
from hub.ask.past import cited
from hub.ask.periods import Calendar, period_of
from hub.ask.question import QuestionError
from hub.ask.reader import CLOCK, Reading, WindowKind
from hub.burden import duration_s
from hub.records import Episode
from hub.store import Store
from hub.wording import moment_text, short_id

_BEFORE_S, _SHORTEST_S = 5.0, 10.0
_DAY = timedelta(days=1)


def windows(
    store: Store, patient_id: str, reading: Reading, line: str, calendar: Calendar
) -> tuple[AskWindow, ...]:
    """The windows that are meant; raises `QuestionError` where there is no such time or episode."""
    newest = AskWindow(seconds=min(LONGEST_WINDOW_S, max(1.0, reading.seconds or LONGEST_WINDOW_S)))
    if reading.window is WindowKind.EPISODE:
        return (_of_episode(episode_called(store, patient_id, reading.episode or "")),)
    if reading.window is WindowKind.TIME:
        return (AskWindow(start_at=_clock_time(line, calendar)),)
    if reading.window is WindowKind.TWO:
        return (_best_minute(store, patient_id, line, calendar), newest)
    return (newest,)


def episode_called(store: Store, patient_id: str, beginning: str) -> Episode:
    """The one episode whose id begins so; raises `QuestionError`."""
    found = store.episodes_called(patient_id, beginning)
    if len(found) == 1:
        return found[0]
    if found:
        ids = " and ".join(short_id(episode.episode_id) for episode in found)
        raise QuestionError(f"episode {beginning}: more than one begins so, e.g. {ids}; give more of the id")
    raise QuestionError(
        f"episode {beginning}: there is none; `hearth status` and `hearth ask` show their ids"
    )


def sentences(answer: AskAnswer, zone: tzinfo) -> Iterator[str]:
    """The edge's words, and the windows on which they rest."""
    yield answer.text
    for number, evidence in enumerate(answer.evidence, 1):
        window = f"Window {number}" if len(answer.evidence) > 1 else "Window"
        at = moment_text(evidence.start_at, zone)
        yield f"{window}: {evidence.seconds:.0f} s from {at} on; measured: {evidence.text}."
    if answer.struck:
        yield f"Struck: {_statements(answer.struck)}, which the measurements do not bear out."
    if answer.model:
        yield f"Worded by {answer.model}."


def stored_sentences(store: Store, patient_id: str, answer: AskAnswer, zone: tzinfo) -> Iterator[str]:
    """Which episodes of the history lie in the windows of the answer."""
    for number, evidence in enumerate(answer.evidence, 1):
        end_at = evidence.start_at + timedelta(seconds=evidence.seconds)
        found = store.episodes(patient_id, evidence.start_at, end_at)
        if found:
            which = f"window {number}" if len(answer.evidence) > 1 else "this window"
            yield f"Episodes of {which}: {cited(found, zone, named=True)}."


def episode_sentence(episode: Episode, zone: tzinfo) -> str:
    """What the hub itself knows of an episode."""
    said = episode.localization.sentence if episode.localization else None
    words = f" The language model wrote: {said}" if said else ""
    return f"{cited([episode], zone, named=True)}, {episode.priority} priority.{words}"


def _statements(number: int) -> str:
    return f"{number} statement{'s' * (number != 1)} of the language model"


def _of_episode(episode: Episode) -> AskWindow:
    seconds = min(LONGEST_WINDOW_S, max(_SHORTEST_S, duration_s(episode) + 2 * _BEFORE_S))
    start_at = episode.onset_at - timedelta(seconds=_BEFORE_S)
    return AskWindow(start_at=start_at, seconds=seconds, episode_id=episode.episode_id)


def _clock_time(line: str, calendar: Calendar) -> datetime:
    """On the day that is named, else the last time that the clock showed it."""
    found = CLOCK.search(line.lower())
    assert found is not None, "the reader saw a time of day"
    hour, minute = _hour_and_minute(found[0])
    named = period_of(line, calendar)
    day = named.from_at.astimezone(calendar.zone) if named else calendar.now.astimezone(calendar.zone)
    at = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if named is not None and at < named.from_at:
        return at + _DAY
    return at - _DAY if at > calendar.now else at


def _hour_and_minute(clock: str) -> tuple[int, int]:
    numbers = [int(number) for number in re.findall(r"\d+", clock)]
    hour, minute = numbers[0], numbers[1] if len(numbers) > 1 else 0
    if clock.endswith("pm"):
        return hour % 12 + 12, minute
    return (hour % 12 if clock.endswith("am") else hour), minute


def _best_minute(store: Store, patient_id: str, line: str, calendar: Calendar) -> AskWindow:
    """Of the period that is named, the minute that can be read best."""
    period = period_of(line, calendar)
    assert period is not None, "the reader saw a period"
    minutes = store.minutes(patient_id, period.from_at, period.to_at)
    if not minutes:
        raise QuestionError(f"nothing was recorded {period.name}, so there is nothing to compare with")
    best = max(minutes, key=lambda minute: minute.analysable_s)
    return AskWindow(start_at=best.start_at, seconds=LONGEST_WINDOW_S)
