"""Localization as anyECG-chat asks it: where in this window is one kind of waveform, as stretches of time.

Its IoU sums the overlap of all pairs, so that a stretch said twice counts twice; here stretches that touch
are merged first. An empty answer to an empty truth scores 1. Beside it stand events: a true stretch is found
where an answer covers half of it, an answer is right where a true stretch covers half of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from edge.beat_spans import Stretch, merged
from edge.labels import Waveform
from export.evaluation.figures import Cell, Ratio

CONSTANT_ANSWER: Stretch = (0.5, 2.4)
"""The blind answer: the first event of each published window is that early."""

_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Question:
    """`seconds` of a record from `start_s` on; where is `waveform`, and where is it in truth."""

    record: str
    start_s: float
    seconds: int
    waveform: Waveform
    truth: tuple[Stretch, ...]


def iou(truth: Sequence[Stretch], said: Sequence[Stretch]) -> float:
    """Overlap over union of two lists of stretches, each merged first; 1 where both are empty."""
    both = (merged(truth), merged(said))
    lengths = [sum(end - start for start, end in stretches) for stretches in both]
    overlap = sum(_overlap(one, other) for one in both[0] for other in both[1])
    union = sum(lengths) - overlap
    return overlap / union if union > 0 else float(not truth and not said)


@dataclass(frozen=True, slots=True)
class LocalizationScore:
    """Of one waveform, or of several together."""

    ious: tuple[float, ...]
    positive_ious: tuple[float, ...]
    found: int
    missed: int
    right: int
    false: int
    free_false: int
    free_s: float

    @property
    def mean_iou(self) -> float:
        """Over all questions."""
        return fmean(self.ious) if self.ious else float("nan")

    def row(self) -> dict[str, Cell]:
        """All figures by column; `false/h` is per hour of records that do not have the waveform."""
        positives = self.positive_ious
        return {
            "questions": len(self.ious),
            "IoU": round(100 * self.mean_iou, 2),
            "IoU+": round(100 * fmean(positives), 2) if positives else None,
            "Se": Ratio(self.found, self.found + self.missed).percent,
            "+P": Ratio(self.right, self.right + self.false).percent,
            "false/h": round(3600 * self.free_false / self.free_s, 1) if self.free_s else None,
        }


def score(
    questions: Sequence[Question], answers: Sequence[Sequence[Stretch]], free: Iterable[str]
) -> LocalizationScore:
    """`free` are the records that nowhere have the waveform."""
    pairs = list(zip(questions, answers, strict=True))
    ious = [iou(question.truth, said) for question, said in pairs]
    without = set(free)
    in_free = [(question, said) for question, said in pairs if question.record in without]
    found = [_is_covered(true, said) for question, said in pairs for true in merged(question.truth)]
    right = [_is_covered(one, question.truth) for question, said in pairs for one in merged(said)]
    return LocalizationScore(
        tuple(ious),
        tuple(value for value, (question, _) in zip(ious, pairs, strict=True) if question.truth),
        found.count(True),
        found.count(False),
        right.count(True),
        right.count(False),
        sum(len(merged(said)) for _, said in in_free),
        float(sum(question.seconds for question, _ in in_free)),
    )


def macro_iou(scores: Iterable[LocalizationScore]) -> float:
    """Mean over waveforms, each counting the same."""
    return fmean(one.mean_iou for one in scores)


def _overlap(one: Stretch, other: Stretch) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def _is_covered(stretch: Stretch, by: Sequence[Stretch]) -> bool:
    covered = sum(_overlap(stretch, other) for other in merged(by))
    return covered >= _ENOUGH * (stretch[1] - stretch[0])
