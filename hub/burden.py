"""Burden and heart-rate statistics: the one place where a number on the screen or in the PDF is computed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import pairwise

from edge.events import Strip
from edge.labels import DEFAULT_PRIORITY, BeatClass, Finding, Priority, Rhythm
from hub.records import Episode, Minute


@dataclass(frozen=True, slots=True)
class Extreme:
    """A value and the minute in which it was measured."""

    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class PeriodStatistics:
    """Statistics of a period. Shares are percent of classified beats, or of analysable time for `af_percent`.

    A strap that sends intervals alone classifies no beat: it makes no burden smaller. `intervals_s` is its
    part of the wear time.
    """

    wear_s: float
    intervals_s: float
    analysable_s: float
    beats: dict[BeatClass, int]
    total_beats: int
    ventricular_percent: float | None
    supraventricular_percent: float | None
    af_s: float
    af_percent: float | None
    mean_heart_rate_bpm: float | None
    min_heart_rate: Extreme | None
    max_heart_rate: Extreme | None
    longest_rr_ms: Extreme | None
    episodes: dict[Finding, int]

    @property
    def classified_beats(self) -> int:
        """Beats that an ECG gave a class."""
        return self.total_beats - self.beats[BeatClass.UNKNOWN]

    @property
    def analysable_percent(self) -> float | None:
        """Share of the wear time that could be analysed."""
        return _percent(self.analysable_s, self.wear_s)


@dataclass(frozen=True, slots=True)
class HourStatistics:
    """Statistics of one clock hour."""

    hour_start_at: datetime
    wear_s: float
    analysable_s: float
    beats: dict[BeatClass, int]
    af_s: float
    mean_heart_rate_bpm: float | None
    min_heart_rate_bpm: float | None
    max_heart_rate_bpm: float | None


@dataclass(frozen=True, slots=True)
class FindingStatistics:
    """The episodes of one finding."""

    finding: Finding
    priority: Priority
    episodes: int
    total_s: float
    longest: Extreme
    fastest_bpm: Extreme | None


def period_statistics(minutes: Iterable[Minute], episodes: Iterable[Episode]) -> PeriodStatistics:
    """Sums over the minutes of a period, and its episodes counted by finding."""
    rows = list(minutes)
    beats = _sum_beats(rows)
    total = sum(beats.values())
    classified = total - beats[BeatClass.UNKNOWN]
    analysable_s = sum(row.analysable_s for row in rows)
    af_s = _af_seconds(rows)
    return PeriodStatistics(
        wear_s=sum(row.wear_s for row in rows),
        intervals_s=sum(row.wear_s for row in rows if row.measured_by == "intervals"),
        analysable_s=analysable_s,
        beats=beats,
        total_beats=total,
        ventricular_percent=_percent(beats[BeatClass.VENTRICULAR], classified),
        supraventricular_percent=_percent(beats[BeatClass.SUPRAVENTRICULAR], classified),
        af_s=af_s,
        af_percent=_percent(af_s, analysable_s),
        mean_heart_rate_bpm=_mean_rate(rows),
        min_heart_rate=_extreme(((r.min_heart_rate_bpm, r.start_at) for r in rows), smallest=True),
        max_heart_rate=_extreme(((r.max_heart_rate_bpm, r.start_at) for r in rows), smallest=False),
        longest_rr_ms=_extreme(((r.longest_rr_ms, r.start_at) for r in rows), smallest=False),
        episodes=dict(Counter(episode.finding for episode in episodes)),
    )


def hour_statistics(minutes: Iterable[Minute]) -> list[HourStatistics]:
    """One row for each clock hour that holds a minute, in order."""
    by_hour: dict[datetime, list[Minute]] = {}
    for minute in minutes:
        hour = minute.start_at.replace(minute=0, second=0, microsecond=0)
        by_hour.setdefault(hour, []).append(minute)
    return [_hour(hour, rows) for hour, rows in sorted(by_hour.items())]


def day_statistics(minutes: Iterable[Minute], zone: tzinfo) -> dict[date, PeriodStatistics]:
    """One row for each calendar day in `zone` that holds a minute, in order; episodes are not counted."""
    by_day: dict[date, list[Minute]] = {}
    for minute in minutes:
        by_day.setdefault(minute.start_at.astimezone(zone).date(), []).append(minute)
    return {day: period_statistics(rows, ()) for day, rows in sorted(by_day.items())}


def finding_statistics(episodes: Iterable[Episode]) -> list[FindingStatistics]:
    """One row for each finding that occurred, most urgent first."""
    by_finding: dict[Finding, list[Episode]] = {}
    for episode in episodes:
        by_finding.setdefault(episode.finding, []).append(episode)
    return [_finding(finding, by_finding[finding]) for finding in DEFAULT_PRIORITY if finding in by_finding]


def duration_s(episode: Episode) -> float:
    """From onset to end, or to where it was last observed while it goes on."""
    return ((episode.end_at or episode.observed_until_at) - episode.onset_at).total_seconds()


def rr_intervals_ms(strip: Strip) -> list[float]:
    """Times between neighbouring beats of a strip: one fewer than beats."""
    times = [beat.at_s for beat in strip.beats]
    return [1000.0 * (later - earlier) for earlier, later in pairwise(times)]


def _finding(finding: Finding, rows: list[Episode]) -> FindingStatistics:
    durations = [Extreme(duration_s(row), row.onset_at) for row in rows]
    return FindingStatistics(
        finding=finding,
        priority=min((row.priority for row in rows), key=list(Priority).index),
        episodes=len(rows),
        total_s=sum(duration.value for duration in durations),
        longest=max(durations, key=lambda extreme: extreme.value),
        fastest_bpm=_extreme(((row.heart_rate_bpm, row.onset_at) for row in rows), smallest=False),
    )


def _hour(hour: datetime, rows: list[Minute]) -> HourStatistics:
    slowest = [row.min_heart_rate_bpm for row in rows if row.min_heart_rate_bpm is not None]
    fastest = [row.max_heart_rate_bpm for row in rows if row.max_heart_rate_bpm is not None]
    return HourStatistics(
        hour_start_at=hour,
        wear_s=sum(row.wear_s for row in rows),
        analysable_s=sum(row.analysable_s for row in rows),
        beats=_sum_beats(rows),
        af_s=_af_seconds(rows),
        mean_heart_rate_bpm=_mean_rate(rows),
        min_heart_rate_bpm=min(slowest, default=None),
        max_heart_rate_bpm=max(fastest, default=None),
    )


def _sum_beats(rows: list[Minute]) -> dict[BeatClass, int]:
    return {beat: sum(row.beats.get(beat, 0) for row in rows) for beat in BeatClass}


def _af_seconds(rows: list[Minute]) -> float:
    return sum(row.rhythm_s.get(Rhythm.ATRIAL_FIBRILLATION, 0.0) for row in rows)


def _mean_rate(rows: list[Minute]) -> float | None:
    """Mean of the minutes, each weighted by its analysable time."""
    rated = [(r.mean_heart_rate_bpm, r.analysable_s) for r in rows if r.mean_heart_rate_bpm is not None]
    weight = sum(seconds for _, seconds in rated)
    return sum(rate * seconds for rate, seconds in rated) / weight if weight else None


def _extreme(values: Iterable[tuple[float | None, datetime]], *, smallest: bool) -> Extreme | None:
    known = [Extreme(value, at) for value, at in values if value is not None]
    choose = min if smallest else max
    return choose(known, key=lambda extreme: extreme.value) if known else None


def _percent(part: float, whole: float) -> float | None:
    return 100.0 * part / whole if whole else None
