"""Burden and heart-rate statistics: the one place where a number on the screen or in the PDF is computed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from edge.labels import BeatClass, Finding, Rhythm
from hub.records import Episode, Minute


@dataclass(frozen=True, slots=True)
class Extreme:
    """A value and the minute in which it was measured."""

    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class PeriodStatistics:
    """Statistics of a period. Shares are percent of beats, or of analysable time for `af_percent`."""

    wear_s: float
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


def period_statistics(minutes: Iterable[Minute], episodes: Iterable[Episode]) -> PeriodStatistics:
    """Sums over the minutes of a period, and its episodes counted by finding."""
    rows = list(minutes)
    beats = _sum_beats(rows)
    total = sum(beats.values())
    analysable_s = sum(row.analysable_s for row in rows)
    af_s = _af_seconds(rows)
    return PeriodStatistics(
        wear_s=sum(row.wear_s for row in rows),
        analysable_s=analysable_s,
        beats=beats,
        total_beats=total,
        ventricular_percent=_percent(beats[BeatClass.VENTRICULAR], total),
        supraventricular_percent=_percent(beats[BeatClass.SUPRAVENTRICULAR], total),
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
