"""What the store holds of one period, and the sentences that every answer about it needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from edge.labels import FINDING_NAMES, BeatClass, Finding
from hub.ask.periods import Calendar, Period
from hub.ask.phrases import Subject
from hub.burden import PeriodStatistics, duration_s, period_statistics
from hub.records import Episode
from hub.store import Store
from hub.wording import count_text, duration_text, minute_text, percent_text, short_id, short_moment_text

BEAT_NAMES = {BeatClass.VENTRICULAR: "ventricular", BeatClass.SUPRAVENTRICULAR: "supraventricular"}
_MOST_CITED = 5
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Past:
    """A period with its episodes, in order, and its statistics."""

    period: Period
    episodes: tuple[Episode, ...]
    stats: PeriodStatistics
    zone: tzinfo

    def of(self, finding: Finding) -> list[Episode]:
        """The episodes of one finding."""
        return [episode for episode in self.episodes if episode.finding is finding]

    @property
    def is_empty(self) -> bool:
        """Nothing was recorded."""
        return not (self.episodes or self.stats.wear_s)


def past_of(store: Store, patient_id: str, period: Period, zone: tzinfo) -> Past:
    """Read a period from the store."""
    span = (patient_id, period.from_at, period.to_at)
    episodes = tuple(store.episodes(*span))
    return Past(period, episodes, period_statistics(store.minutes(*span), episodes), zone)


def newest_week(latest_at: datetime | None, calendar: Calendar) -> Period:
    """The period of a question that names none: the seven days up to the latest data, as in the report."""
    end = latest_at or calendar.now
    return Period(end - _WEEK, end, "the 7 days up to the latest data")


def coverage(past: Past) -> str:
    """The period, and how much of it the answer rests on."""
    start, stop = (minute_text(at, past.zone) for at in (past.period.from_at, past.period.to_at))
    stats = past.stats
    name = past.period.name[0].upper() + past.period.name[1:]
    zone = past.period.to_at.astimezone(past.zone).strftime("%Z")
    return (
        f"{name}, {start} to {stop} {zone}: worn {duration_text(stats.wear_s)}{by_intervals(stats)},"
        f" {percent_text(stats.analysable_percent)} of it analysable."
    )


def by_intervals(stats: PeriodStatistics) -> str:
    """How much of the wear time had no ECG; nothing where all of it had one."""
    if not stats.intervals_s:
        return ""
    is_all = stats.intervals_s == stats.wear_s
    length = "all" if is_all else duration_text(stats.intervals_s)
    return f" ({length} of it by RR intervals alone, without an ECG)"


def cited(episodes: Iterable[Episode], zone: tzinfo, *, named: bool = False) -> str:
    """`3f2a9c1e 16 Nov 14:03:12 (4.2 s)`, the first few of them."""
    rows = list(episodes)
    texts = [
        f"{FINDING_NAMES[row.finding] + ' ' if named else ''}{short_id(row.episode_id)}"
        f" {short_moment_text(row.onset_at, zone)} ({duration_text(duration_s(row))})"
        for row in rows[:_MOST_CITED]
    ]
    more = f" and {len(rows) - _MOST_CITED} more" if len(rows) > _MOST_CITED else ""
    return ", ".join(texts) + more


def episodes_text(number: int) -> str:
    """`1 episode`, `3 episodes`."""
    return f"{count_text(number)} episode{'' if number == 1 else 's'}"


def subject_name(subject: Subject) -> str:
    """As in a sentence."""
    return f"{BEAT_NAMES[subject]} beats" if isinstance(subject, BeatClass) else FINDING_NAMES[subject]


def beats_sentence(past: Past, beat_class: BeatClass) -> str:
    """Count and share of one kind of beat."""
    stats = past.stats
    shares = {
        BeatClass.VENTRICULAR: stats.ventricular_percent,
        BeatClass.SUPRAVENTRICULAR: stats.supraventricular_percent,
    }
    if stats.total_beats and not stats.classified_beats:
        return f"{count_text(stats.total_beats)} beats came by intervals alone; none has a class."
    number, total = count_text(stats.beats[beat_class]), count_text(stats.classified_beats)
    return f"{number} {BEAT_NAMES[beat_class]} beats of {total} ({percent_text(shares[beat_class])})."


def af_sentence(past: Past) -> str:
    """Time in atrial fibrillation and its share."""
    stats = past.stats
    return (
        f"Atrial fibrillation for {duration_text(stats.af_s)}, {percent_text(stats.af_percent)} of the"
        " analysable time."
    )
