"""Onset, peak and end of P, QRS and T: what was found of the annotated points, and how far off.

A found point is right where it and an annotated one are each other's nearest and at most 150 ms apart.
Only the annotated stretch counts, from the first to the last mark of any wave: what is found outside of
it is neither right nor wrong, unless it is right. Where the annotator skipped beats (QTDB), marks more
than one usual RR interval apart end a stretch. A boundary that was left open asks nothing, and where no T
wave at all is marked (QTDB sel37) only QRS complexes are scored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median, stdev
from typing import Final, NamedTuple

import numpy as np

from export.evaluation.annotations import BEAT_SYMBOLS, Annotations
from export.evaluation.figures import Cell, Ratio

TOLERANCE_S: Final = 0.15
KINDS: Final = ("P", "QRS", "T")
ALL_POINTS: Final = tuple((kind, name) for kind in KINDS for name in ("onset", "peak", "end"))

CSE_TOLERANCE_MS: Final = {
    ("P", "onset"): 10.2,
    ("P", "end"): 12.7,
    ("QRS", "onset"): 6.5,
    ("QRS", "end"): 11.6,
    ("T", "end"): 30.6,
}
"""Two standard deviations of the referees, CSE Working Party, Eur Heart J 1985; 6:815."""


class MarkedWave(NamedTuple):
    """One wave in seconds, None where a boundary is not marked."""

    kind: str
    onset: float | None
    peak: float
    end: float | None


@dataclass(frozen=True, slots=True)
class PointScore:
    """Of one kind of point: how far off each annotated one was found, in ms, None where it was not.

    `false` counts what was found and is not annotated.
    """

    errors_ms: tuple[float | None, ...] = ()
    false: int = 0

    @property
    def found_ms(self) -> list[float]:
        """Errors of the points that were found; positive: found too late."""
        return [error for error in self.errors_ms if error is not None]

    def row(self) -> dict[str, Cell]:
        """All figures by column."""
        found = self.found_ms
        n, n_found = len(self.errors_ms), len(found)
        return {
            "n": n,
            "Se": Ratio(n_found, n).percent,
            "+P": Ratio(n_found, n_found + self.false).percent,
            "F1": Ratio(2 * n_found, n + n_found + self.false).percent,
            "mean ms": fmean(found) if found else None,
            "SD ms": stdev(found) if n_found > 1 else None,
        }


Point = tuple[str, str]
WaveScore = dict[Point, PointScore]
"""A score for each kind of wave and point, `("P", "onset")` and so on."""


def marked_waves(annotations: Annotations) -> list[MarkedWave]:
    """Waves of an annotator: `(` before and `)` after a peak `p`, `t` or a beat's symbol."""
    times = (annotations.sample / annotations.fs_hz).tolist()
    symbols = ["", *annotations.symbol, ""]
    waves = []
    for i, (symbol, at_s) in enumerate(zip(annotations.symbol, times, strict=True)):
        kind = "QRS" if symbol in BEAT_SYMBOLS else {"p": "P", "t": "T"}.get(symbol)
        if kind:
            onset = times[i - 1] if symbols[i] == "(" else None
            end = times[i + 1] if symbols[i + 2] == ")" else None
            waves.append(MarkedWave(kind, onset, at_s, end))
    return waves


def score_waves(
    reference: Sequence[MarkedWave], found: Sequence[MarkedWave], *, skips_beats: bool = False
) -> WaveScore:
    """Compare both, point by point; `skips_beats`: beats between those of the reference are not marked."""
    stretches = _stretches(reference, skips_beats=skips_beats)
    scored = KINDS if any(wave.kind == "T" for wave in reference) else ("QRS",)
    return {
        (kind, name): _score_point(
            [wave for wave in reference if wave.kind == kind],
            [wave for wave in found if wave.kind == kind],
            name,
            stretches if kind in scored else [],
        )
        for kind, name in ALL_POINTS
    }


def pooled(scores: Iterable[WaveScore]) -> WaveScore:
    """Of several leads or records, as if they were one."""
    every = list(scores)
    return {point: _pooled([score[point] for score in every]) for point in ALL_POINTS}


def better_lead(scores: Iterable[WaveScore]) -> WaveScore:
    """Of leads that were compared with the same marks: for each point the lead that is nearest to it."""
    every = list(scores)
    return {point: _better([score[point] for score in every]) for point in ALL_POINTS}


def mean_of_sds_ms(scores: Iterable[WaveScore], point: Point) -> float | None:
    """Mean of the standard deviations of each; of records, it is what the papers on QTDB state."""
    sds = [stdev(found) for score in scores if len(found := score[point].found_ms) > 1]
    return fmean(sds) if sds else None


def _pooled(scores: list[PointScore]) -> PointScore:
    errors = tuple(error for score in scores for error in score.errors_ms)
    return PointScore(errors, sum(score.false for score in scores))


def _better(scores: list[PointScore]) -> PointScore:
    rows = zip(*(score.errors_ms for score in scores), strict=True)
    errors = tuple(min((e for e in row if e is not None), key=abs, default=None) for row in rows)
    return PointScore(errors, min(score.false for score in scores))


def _stretches(reference: Sequence[MarkedWave], *, skips_beats: bool) -> list[tuple[float, float]]:
    marks = sorted(at for wave in reference for at in (wave.onset, wave.peak, wave.end) if at is not None)
    if not marks:
        return []
    beats = [wave.peak for wave in reference if wave.kind == "QRS"]
    gaps = [after - before for before, after in pairwise(beats)]
    longest = median(gaps) if skips_beats and gaps else float("inf")
    breaks = [(before, after) for before, after in pairwise(marks) if after - before > longest]
    starts = [marks[0], *(after for _, after in breaks)]
    return list(zip(starts, [*(before for before, _ in breaks), marks[-1]], strict=True))


def _score_point(
    reference: list[MarkedWave], found: list[MarkedWave], name: str, stretches: list[tuple[float, float]]
) -> PointScore:
    marked = [at for wave in reference if (at := getattr(wave, name)) is not None]
    open_peaks = [wave.peak for wave in reference if getattr(wave, name) is None]
    claims = [(at, wave.peak) for wave in found if (at := getattr(wave, name)) is not None]
    pairs = nearest_pairs(marked, [at for at, _ in claims])
    right = {j for _, j in pairs}
    false = sum(
        any(first <= at <= last for first, last in stretches) and not _is_near(peak, open_peaks)
        for j, (at, peak) in enumerate(claims)
        if j not in right
    )
    error_of = {i: 1000 * (claims[j][0] - marked[i]) for i, j in pairs}
    return PointScore(tuple(error_of.get(i) for i in range(len(marked))), false)


def _is_near(at_s: float, peaks: list[float]) -> bool:
    return any(abs(at_s - peak) <= TOLERANCE_S for peak in peaks)


def nearest_pairs(reference: Sequence[float], found: Sequence[float]) -> list[tuple[int, int]]:
    """Indices of times that are each other's nearest, and within the tolerance."""
    if not len(reference) or not len(found):
        return []
    apart = np.abs(np.subtract.outer(np.asarray(reference), np.asarray(found)))
    of_reference, of_found = apart.argmin(axis=1), apart.argmin(axis=0)
    return [
        (i, int(j))
        for i, j in enumerate(of_reference.tolist())
        if of_found[j] == i and apart[i, j] <= TOLERANCE_S + 1e-9
    ]
