"""Geometry of an ECG strip that the PDF and the screen share: baseline, limits, lines of equal length."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.events import Strip, StripBeat

PAPER_MM_PER_S = 25.0
PAPER_MM_PER_MV = 10.0
LARGE_SQUARE_S = 0.2
LARGE_SQUARE_MV = 0.5
CLIP_MV = 2.5
LEAST_MV = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """Lowest and highest drawn voltage in mV, both on lines of the grid."""

    low_mv: float
    high_mv: float

    @property
    def span_mv(self) -> float:
        """Height of the box in mV."""
        return self.high_mv - self.low_mv


@dataclass(frozen=True, slots=True)
class StripLine:
    """One line of a strip: `mv` starts `start_s` after the strip's first sample, as do the beats."""

    start_s: float
    fs_hz: float
    mv: npt.NDArray[np.float64]
    beats: tuple[StripBeat, ...]

    @property
    def duration_s(self) -> float:
        """Length of the line in seconds."""
        return len(self.mv) / self.fs_hz


def strip_duration_s(strip: Strip) -> float:
    """Length of a strip in seconds."""
    return len(strip.samples_uv) / strip.fs_hz


def centred_mv(strip: Strip) -> npt.NDArray[np.float64]:
    """Samples in mV with the strip's median at zero; nothing else is taken away."""
    mv = np.asarray(strip.samples_uv, np.float64) / 1000.0
    return mv - float(np.median(mv))


def limits_mv(mv: npt.NDArray[np.float64]) -> Limits:
    """The smallest box of whole large squares around `mv`: at least 1 mV high, at most 2 x `CLIP_MV`."""
    low = math.floor(max(min(float(mv.min()), -LEAST_MV), -CLIP_MV) / LARGE_SQUARE_MV)
    high = math.ceil(min(max(float(mv.max()), LEAST_MV), CLIP_MV) / LARGE_SQUARE_MV)
    return Limits(low * LARGE_SQUARE_MV, high * LARGE_SQUARE_MV)


def split_lines(strip: Strip, line_s: float) -> list[StripLine]:
    """The strip cut in lines of `line_s` seconds; the last one may be shorter."""
    mv = centred_mv(strip)
    per_line = max(1, round(line_s * strip.fs_hz))
    return [
        StripLine(
            first / strip.fs_hz,
            strip.fs_hz,
            mv[first : first + per_line],
            _beats_between(strip, first / strip.fs_hz, (first + per_line) / strip.fs_hz),
        )
        for first in range(0, len(mv), per_line)
    ]


def _beats_between(strip: Strip, start_s: float, end_s: float) -> tuple[StripBeat, ...]:
    return tuple(beat for beat in strip.beats if start_s <= beat.at_s < end_s)
