"""What the sequence model is told of each beat: its place among the beats before it, and how it looks.

Where there is no waveform (a strap that sends RR intervals alone, or an annotation file) only the first
ten features are set; the model has learnt on both.
"""

from bisect import bisect_left, insort
from collections import deque
from itertools import islice
from math import log

import numpy as np
import numpy.typing as npt

from edge.beats import RawBeat

Float32 = npt.NDArray[np.float32]

FEATURES = (
    "log_rr", "log_rr_over_median", "log_rr_over_previous", "next_is_known", "log_next_over_rr",
    "log_next_over_median", "log_rr_over_long", "log_rr_over_short", "rr_jump", "is_first",
    "has_waveform", "log_N", "log_S", "log_V", "log_F", "log_Q",
    "AFIB", "AFL", "SVTA", "VT", "VFL",
    "p_probability", "p_lead_s", "qrs_s",
    "like_usual", "like_previous", "p_like_usual", "p_like_previous", "confidence",
)  # fmt: skip
N_RR_FEATURES = 10
CLASS_FEATURES = slice(11, 16)
_USUAL_RR_S = 0.8
_MEDIAN_BEATS, _MEMORY_BEATS = 24, 64
_LONG, _SHORT = 0.9, 0.1  # quantiles of the remembered intervals
_KEEP = 0.95  # of the usual embedding at each beat
_LONGEST_RR_S = 8.0


class RrFeatures:
    """The features of the intervals alone; `forget` where the beats before are not known."""

    def __init__(self) -> None:
        self._rr_s: deque[float] = deque()
        self._ordered_s: list[float] = []
        self._previous_s: float | None = None

    def forget(self) -> None:
        """The next beat is the first of a stretch; the usual rate is kept."""
        self._previous_s = None

    def feed(self, at_s: float, next_rr_s: float | None, lookahead_s: float) -> list[float]:
        """Beat at `at_s`, the next one `next_rr_s` after it, or None when it is later than the look-ahead."""
        usual, long, short = self._spread()
        before = self._rr_s[-1] if self._rr_s else usual
        is_first = self._previous_s is None
        rr = usual if self._previous_s is None else at_s - self._previous_s
        rr = min(max(rr, 0.1), _LONGEST_RR_S)
        after = min(lookahead_s, max(next_rr_s, 0.1)) if next_rr_s is not None else lookahead_s
        self._previous_s = at_s
        if not is_first:
            self._remember(rr)
        return [
            log(rr / _USUAL_RR_S), log(rr / usual), log(rr / before), float(next_rr_s is not None),
            log(after / rr), log(after / usual), log(rr / long), log(rr / short),
            min(abs(rr - before) / usual, 3.0), float(is_first),
        ]  # fmt: skip

    def _remember(self, rr_s: float) -> None:
        self._rr_s.append(rr_s)
        insort(self._ordered_s, rr_s)
        if len(self._rr_s) > _MEMORY_BEATS:
            del self._ordered_s[bisect_left(self._ordered_s, self._rr_s.popleft())]

    def _spread(self) -> tuple[float, float, float]:
        """Median of the last intervals, and how long and how short they are over a minute or so."""
        last = len(self._rr_s) - 1
        if last < 0:
            return _USUAL_RR_S, _USUAL_RR_S, _USUAL_RR_S
        recent = sorted(islice(reversed(self._rr_s), _MEDIAN_BEATS))
        long, short = self._ordered_s[round(_LONG * last)], self._ordered_s[round(_SHORT * last)]
        return recent[len(recent) // 2], long, short


class SequenceFeatures:
    """Features of beat after beat of one run."""

    def __init__(self, lookahead_s: float) -> None:
        self._rr, self._lookahead_s = RrFeatures(), lookahead_s
        self._usual: Float32 | None = None
        self._previous: Float32 | None = None

    def feed(self, beat: RawBeat, next_rr_s: float | None) -> Float32:
        """Features `[len(FEATURES)]` of the next beat."""
        intervals = self._rr.feed(beat.at_s, next_rr_s, self._lookahead_s)
        logs = np.log(beat.classes.clip(0.0025, 1.0)) / 3
        looks = [beat.p_probability, beat.p_lead_s, beat.qrs_s / 0.1, *self._likeness(beat), beat.confidence]
        return np.array([*intervals, 1.0, *logs, *beat.rhythm[1:6], *looks], np.float32)

    def _likeness(self, beat: RawBeat) -> list[float]:
        """Cosines of beat and P zone with what is usual and with the beat before."""
        pair = np.stack([_unit(beat.embedding), _unit(beat.p_embedding)])
        usual = pair if self._usual is None else self._usual
        previous = pair if self._previous is None else self._previous
        self._previous = pair
        self._usual = (_KEEP * usual + (1 - _KEEP) * pair).astype(np.float32)
        like_usual, like_previous = ((pair * other).sum(axis=1) for other in (usual, previous))
        return [float(like_usual[0]), float(like_previous[0]), float(like_usual[1]), float(like_previous[1])]


def _unit(vector: Float32) -> Float32:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)
