"""Where a detector and the annotators differ about one class of beats, and the stretches with most of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.labels import AAMI_CLASS_OF_SYMBOL
from export.evaluation.annotations import AnnotatedRecord, Annotations
from export.evaluation.period import LEARNING_S
from export.evaluation.waves import nearest_pairs


@dataclass(frozen=True, slots=True)
class LabelledBeat:
    """A beat at `at_s` with its AAMI class; e and j are N."""

    at_s: float
    label: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Beats of both annotators after the learning time, and the times in s at which they disagree."""

    reference: Sequence[LabelledBeat]
    found: Sequence[LabelledBeat]
    missed_s: Sequence[float]
    false_s: Sequence[float]


def compare(record: AnnotatedRecord, kind: str, start_s: float = LEARNING_S) -> Comparison:
    """Missed and false beats of a class (`V`, `S`, ...), or of any class at all (`Q`)."""
    reference, found = (_beats(a, start_s) for a in (record.reference, record.test))
    pairs = nearest_pairs([b.at_s for b in reference], [b.at_s for b in found])
    found_of, reference_of = dict(pairs), {j: i for i, j in pairs}

    def is_same(i: int, j: int) -> bool:
        return kind == "Q" or reference[i].label == found[j].label

    missed = [
        beat.at_s
        for i, beat in enumerate(reference)
        if kind in {"Q", beat.label} and not (i in found_of and is_same(i, found_of[i]))
    ]
    false = [
        beat.at_s
        for j, beat in enumerate(found)
        if kind in {"Q", beat.label} and not (j in reference_of and is_same(reference_of[j], j))
    ]
    return Comparison(reference, found, missed, false)


def worst_stretches(at_s: Sequence[float], duration_s: float, most: int) -> list[float]:
    """Middles of stretches of `duration_s` that hold most of these times, none twice, the worst first."""
    left = np.sort(np.asarray(at_s, np.float64))
    middles: list[float] = []
    while len(left) and len(middles) < most:
        counts = np.searchsorted(left, left + duration_s, side="right") - np.arange(len(left))
        first = int(counts.argmax())
        inside = slice(first, first + int(counts[first]))
        middles.append(float(left[inside].min() + left[inside].max()) / 2)
        left = np.delete(left, inside)
    return middles


def _beats(annotations: Annotations, start_s: float) -> list[LabelledBeat]:
    times = (annotations.sample / annotations.fs_hz).tolist()
    return [
        LabelledBeat(at_s, str(AAMI_CLASS_OF_SYMBOL[symbol]))
        for at_s, symbol in zip(times, annotations.symbol, strict=True)
        if symbol in AAMI_CLASS_OF_SYMBOL and at_s >= start_s
    ]
