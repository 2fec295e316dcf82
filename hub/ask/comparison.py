"""Two periods beside each other: what was measured in both, and which way it went."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from edge.labels import BeatClass, Finding
from hub.ask.past import Past, coverage, subject_name
from hub.ask.periods import Calendar, Period, before, periods_in
from hub.ask.phrases import Subject
from hub.burden import duration_s
from hub.wording import duration_text, percent_text, rate_text

Worded = Callable[[float | None], str]
_JUST_NOW = timedelta(minutes=1)
_LITTLE_S = 3600.0
_SAME = 0.05  # of the earlier value


def compared_periods(line: str, calendar: Calendar, default: Period) -> tuple[Period, Period]:
    """The earlier and the later period; `than last week` is about the time since."""
    named = sorted(periods_in(line, calendar), key=lambda period: period.from_at)
    if len(named) > 1:
        return named[0], named[1]
    one = named[0] if named else default
    if not named or calendar.now - one.to_at < _JUST_NOW:
        return before(one, calendar), one
    length = one.to_at - one.from_at
    return one, Period(one.to_at, min(calendar.now, one.to_at + length), f"after {one.name}")


def sentences(earlier: Past, later: Past, subject: Subject | None) -> Iterator[str]:
    """Coverage of both, then each figure that was asked for."""
    yield coverage(earlier)
    yield coverage(later)
    if min(earlier.stats.wear_s, later.stats.wear_s) < _LITTLE_S:
        yield "One of them holds less than an hour: the comparison says little."
    if subject is None:
        yield _change("Mean heart rate", _rates(earlier, later), rate_text)
    if subject in (None, BeatClass.VENTRICULAR):
        values = earlier.stats.ventricular_percent, later.stats.ventricular_percent
        yield _change("Ventricular burden", values, percent_text)
    if subject in (None, BeatClass.SUPRAVENTRICULAR):
        values = earlier.stats.supraventricular_percent, later.stats.supraventricular_percent
        yield _change("Supraventricular burden", values, percent_text)
    if subject in (None, Finding.ATRIAL_FIBRILLATION):
        values = earlier.stats.af_percent, later.stats.af_percent
        yield _change("Atrial fibrillation burden", values, percent_text)
    if isinstance(subject, Finding):
        yield _episodes(earlier, later, subject)
    elif subject is None:
        yield f"Episodes: {len(earlier.episodes)} before, {len(later.episodes)} after."


def _episodes(earlier: Past, later: Past, finding: Finding) -> str:
    texts = [
        f"{len(rows)} ({duration_text(sum(map(duration_s, rows)))})"
        for rows in (earlier.of(finding), later.of(finding))
    ]
    return f"Episodes of {subject_name(finding)}: {texts[0]} before, {texts[1]} after."


def _rates(earlier: Past, later: Past) -> tuple[float | None, float | None]:
    return earlier.stats.mean_heart_rate_bpm, later.stats.mean_heart_rate_bpm


def _change(name: str, values: tuple[float | None, float | None], worded: Worded) -> str:
    earlier, later = values
    texts = f"{worded(earlier)} before, {worded(later)} after"
    if earlier is None or later is None:
        return f"{name}: {texts}."
    if abs(later - earlier) <= _SAME * earlier:
        return f"{name}: {texts}, about the same."
    return f"{name}: {texts}, {'higher' if later > earlier else 'lower'}."
