"""Measurements minute by minute, on UTC minutes."""

from collections import deque
from dataclasses import dataclass, field

from edge.labels import BeatClass, Rhythm
from edge.stream import NS_PER_S, Beat, MinuteSummary, Second

_NS_PER_MINUTE = 60 * NS_PER_S
_RATE_BEATS = 5


@dataclass(slots=True)
class _Sums:
    wear_s: float = 0.0
    analysable_s: float = 0.0
    beats: dict[BeatClass, int] = field(default_factory=dict)
    rhythm_s: dict[Rhythm, float] = field(default_factory=dict)
    rr_ms: list[float] = field(default_factory=list)
    rates_bpm: list[float] = field(default_factory=list)


class MinuteCounter:
    """Sums up beats and seconds; a minute is given out once nothing more can come for it."""

    def __init__(self) -> None:
        self._minutes: dict[int, _Sums] = {}
        self._recent_rr_ms: deque[float] = deque(maxlen=_RATE_BEATS)

    @property
    def heart_rate_bpm(self) -> float | None:
        """Over the newest beats; `None` right after a gap."""
        full = len(self._recent_rr_ms) == _RATE_BEATS
        return 60_000 * _RATE_BEATS / sum(self._recent_rr_ms) if full else None

    def add_beat(self, beat: Beat) -> None:
        """Count a beat and the interval that it ends."""
        sums = self._at(beat.at_ns)
        sums.beats[beat.beat_class] = sums.beats.get(beat.beat_class, 0) + 1
        if beat.rr_ms is None:
            self._recent_rr_ms.clear()
            return
        sums.rr_ms.append(beat.rr_ms)
        self._recent_rr_ms.append(beat.rr_ms)
        if self.heart_rate_bpm is not None:
            sums.rates_bpm.append(self.heart_rate_bpm)

    def add_second(self, second: Second, rhythm: Rhythm) -> None:
        """Count a second of wear, and of the rhythm where it can be read."""
        sums = self._at(second.start_ns)
        sums.wear_s += second.duration_s
        if second.analysable:
            sums.analysable_s += second.duration_s
            sums.rhythm_s[rhythm] = sums.rhythm_s.get(rhythm, 0.0) + second.duration_s

    def close_before(self, decided_ns: int) -> list[MinuteSummary]:
        """Give out the minutes that end at or before `decided_ns`."""
        done = [start for start in sorted(self._minutes) if start + _NS_PER_MINUTE <= decided_ns]
        return [_summary(start, self._minutes.pop(start)) for start in done]

    def flush(self) -> list[MinuteSummary]:
        """Give out everything, a minute that was not full too."""
        rest = [_summary(start, sums) for start, sums in sorted(self._minutes.items())]
        self._minutes.clear()
        return rest

    def _at(self, time_ns: int) -> _Sums:
        return self._minutes.setdefault(time_ns - time_ns % _NS_PER_MINUTE, _Sums())


def _summary(start_ns: int, sums: _Sums) -> MinuteSummary:
    return MinuteSummary(
        start_ns=start_ns,
        wear_s=round(sums.wear_s, 3),
        analysable_s=round(sums.analysable_s, 3),
        beats=dict(sums.beats),
        rhythm_s={rhythm: round(seconds, 3) for rhythm, seconds in sums.rhythm_s.items()},
        mean_heart_rate_bpm=_rounded(60_000 * len(sums.rr_ms) / sum(sums.rr_ms) if sums.rr_ms else None),
        min_heart_rate_bpm=_rounded(min(sums.rates_bpm, default=None)),
        max_heart_rate_bpm=_rounded(max(sums.rates_bpm, default=None)),
        longest_rr_ms=_rounded(max(sums.rr_ms, default=None)),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
