"""Ventricular fibrillation in windows of 8 s, as papers on the CU database score it.

A window is VF when at least half of it lies between `[` and `]`. One that holds both VF and what is not
VF straddles a border, and is counted apart: there the annotators' border decides as much as the detector.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from export.evaluation.annotations import Annotations
from export.evaluation.figures import Cell, Ratio

Stretches = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Window:
    """`straddles`: there is a border of VF in it."""

    first_s: int
    is_vf: bool
    straddles: bool


@dataclass(frozen=True, slots=True)
class VfScore:
    """Windows by what they are and were called."""

    hits: int
    missed: int
    false: int
    right: int

    def row(self) -> dict[str, Cell]:
        """All figures by column."""
        return {
            "VF": self.hits + self.missed,
            "not VF": self.false + self.right,
            "missed": self.missed,
            "false": self.false,
            "Se": Ratio(self.hits, self.hits + self.missed).percent,
            "Sp": Ratio(self.right, self.right + self.false).percent,
            "+P": Ratio(self.hits, self.hits + self.false).percent,
        }


def vf_stretches(annotations: Annotations, duration_s: float) -> list[tuple[float, float]]:
    """From each `[` to the next `]`, or to the end of the recording."""
    stretches: list[tuple[float, float]] = []
    begun: float | None = None
    for mark in annotations.marks():
        at_s = mark.sample / annotations.fs_hz
        if mark.symbol == "[" and begun is None:
            begun = at_s
        elif mark.symbol == "]" and begun is not None:
            stretches.append((begun, at_s))
            begun = None
    return stretches if begun is None else [*stretches, (begun, duration_s)]


def vf_windows(stretches: Stretches, duration_s: float, window_s: int = 8, step_s: int = 1) -> list[Window]:
    """All whole windows of the recording."""
    firsts = range(0, int(duration_s) - window_s + 1, step_s)
    return [_window(first, window_s, stretches) for first in firsts]


def window_means(
    probability: npt.NDArray[np.floating], windows: Iterable[Window], window_s: int
) -> list[float]:
    """Mean of a probability by second, for each window."""
    return [float(probability[w.first_s : w.first_s + window_s].mean()) for w in windows]


def window_shares(windows: Iterable[Window], stretches: Stretches, window_s: int) -> list[float]:
    """How much of each window a detector marked as VF, from 0 to 1."""
    return [_vf_s(window.first_s, window_s, stretches) / window_s for window in windows]


def score_windows(windows: Sequence[Window], means: Sequence[float], threshold: float) -> VfScore:
    """Called VF where the mean reaches the threshold."""
    pairs = [(window.is_vf, mean >= threshold) for window, mean in zip(windows, means, strict=True)]
    return VfScore(
        hits=pairs.count((True, True)),
        missed=pairs.count((True, False)),
        false=pairs.count((False, True)),
        right=pairs.count((False, False)),
    )


def summed(scores: Iterable[VfScore]) -> VfScore:
    """All records as one."""
    every = list(scores)
    return VfScore(
        sum(score.hits for score in every),
        sum(score.missed for score in every),
        sum(score.false for score in every),
        sum(score.right for score in every),
    )


def _window(first_s: int, window_s: int, stretches: Stretches) -> Window:
    vf_s = _vf_s(first_s, window_s, stretches)
    return Window(first_s, vf_s >= window_s / 2, 0 < vf_s < window_s)


def _vf_s(first_s: int, window_s: int, stretches: Stretches) -> float:
    stop_s = first_s + window_s
    return sum(max(0.0, min(stop_s, end) - max(first_s, onset)) for onset, end in stretches)
