"""The rule that tells bundle branch block of a window (`edge.conduction.RULE`), learned and tried.

    python -m export.training.language.block_rule --data DIR --corpus DIR/prepared/language \
        --blocks DIR/prepared/pointer/blocks

Windows of training patients, each by networks of shapes that never saw him. Two logistic regressions, each
patient counting the same: whether there is a block, and on which side. What is told at which probability
is tried on patients that neither the networks nor the regressions saw.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from tqdm import tqdm

from edge.beat_spans import Stretch
from edge.conduction import BLOCKS, RULE, BlockRule, ShapeOdds, block_of, block_spans, width_steps
from edge.evidence import Evidence
from edge.labels import Waveform
from export.evaluation.localization import iou
from export.training.language.block_shapes import UnseenShapes
from export.training.language.block_windows import make_block_windows, read_block_windows
from export.training.language.instructions import evidence_of
from export.training.language.pointer_states import drawn

Row = dict[str, Any]

LEAST: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MOST_FALSE: Final = 0.05
"""Of patients without any block, on average over their windows; the lowest probability within it is taken."""

_FOLDS, _SEED = 10, 0
_SHARE_WITH: Final = 0.4
_WEIGHT: Final = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class BlockWindow:
    """A window; `block` 0 for neither, 1 left, 2 right, as most of its conducted beats."""

    patient: str
    evidence: Evidence
    odds: ShapeOdds
    block: int
    truth: dict[Waveform, Sequence[Stretch]]


def block_windows(rows: Iterable[Row], shapes: UnseenShapes) -> list[BlockWindow]:
    """Those of which both blocks are known, and the patient to the shapes."""
    known = [row for row in rows if {"L", "R"} <= set(row["known"])]
    found = []
    for row in tqdm(known, desc="shapes", unit=" windows"):
        odds = shapes.odds(row)
        if odds is not None:
            patient = shapes.patient(row)
            assert patient is not None
            found.append(_window(row, patient, odds))
    return found


def _window(row: Row, patient: str, odds: ShapeOdds) -> BlockWindow:
    truth = {block: row["spans"].get(block, ()) for block in BLOCKS if block}
    evidence = evidence_of(row)
    inside = Counter(_block_at(beat.at_s, truth) for beat in evidence.beats)
    return BlockWindow(patient, evidence, odds, inside.most_common(1)[0][0], truth)


def _block_at(at_s: float, truth: dict[Waveform, Sequence[Stretch]]) -> int:
    inside = (number for number, name in enumerate(truth, 1) if any(a <= at_s <= b for a, b in truth[name]))
    return next(inside, 0)


def learned(windows: Sequence[BlockWindow]) -> BlockRule:
    """All but the least probability."""
    numbers = np.array([(one.odds.block, width_steps(one.evidence.qrs_ms)) for one in windows])
    there = _regression(numbers, [one.block > 0 for one in windows], windows, _SHARE_WITH)
    own = [one for one in windows if one.block]
    side = _regression(np.array([[one.odds.left] for one in own]), [one.block == 1 for one in own], own, 0.5)
    shape, width = there.coef_[0].tolist()
    return BlockRule(
        shape=round(shape, 3),
        width=round(width, 3),
        bias=round(float(there.intercept_[0]), 3),
        side=round(float(-side.intercept_[0] / side.coef_[0][0]), 3),
        least=RULE.least,
    )


def _regression(
    numbers: npt.NDArray[np.float64], is_so: Sequence[bool], windows: Sequence[BlockWindow], share: float
) -> LogisticRegression:
    """Each patient counts the same, those of whom it is so `share` of all."""
    kinds = [(one.patient, so) for one, so in zip(windows, is_so, strict=True)]
    count = Counter(kinds)
    patients = Counter(so for _, so in count)
    weights = [_WEIGHT * (share if so else 1 - share) / patients[so] / count[name, so] for name, so in kinds]
    return LogisticRegression(C=100, max_iter=1000).fit(numbers, is_so, sample_weight=weights)


def unseen_rules(windows: Sequence[BlockWindow]) -> list[BlockRule]:
    """For each window a rule that was learned without its patient."""
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=_SEED)
    blocks, patients = [one.block for one in windows], [one.patient for one in windows]
    rules = [RULE] * len(windows)
    for others, own in folds.split(np.zeros(len(windows)), blocks, patients):
        rule = learned([windows[i] for i in others])
        for i in own:
            rules[i] = rule
    return rules


@dataclass(frozen=True, slots=True)
class BlockScore:
    """Means over patients: IoU where it is; how often it is told where there is neither, or the other one."""

    iou: float
    false: float
    other_side: float


def scored(windows: Sequence[BlockWindow], rules: Sequence[BlockRule], least: float) -> list[BlockScore]:
    """Left and right."""
    values: list[dict[str, dict[str, list[float]]]] = [
        {name: defaultdict(list) for name in ("iou", "false", "other_side")} for _ in (1, 2)
    ]
    for one, rule in zip(windows, rules, strict=True):
        told = block_of(one.odds, one.evidence.qrs_ms, replace(rule, least=least))
        for kept, block in zip(values, BLOCKS[1:], strict=True):
            name, value = _value(one, block, told)
            kept[name][one.patient].append(value)
    return [BlockScore(**{name: _mean(of) for name, of in kept.items()}) for kept in values]


def _value(one: BlockWindow, block: Waveform | None, told: Waveform | None) -> tuple[str, float]:
    assert block is not None
    if one.truth[block]:
        spans = block_spans(block, one.evidence.beats, one.evidence.duration_s) if told is block else []
        return "iou", iou(one.truth[block], [(span.start_s, span.end_s) for span in spans])
    return "other_side" if any(one.truth.values()) else "false", float(told is block)


def _mean(of_patient: dict[str, list[float]]) -> float:
    return round(fmean(fmean(values) for values in of_patient.values()), 4) if of_patient else 0.0


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True, help="windows of the language model")
    parser.add_argument("--blocks", type=Path, required=True, help="windows of more patients with a block")
    arguments = parser.parse_args()
    make_block_windows(arguments.data, arguments.blocks)
    rows = [*drawn(arguments.corpus), *read_block_windows(arguments.blocks)]
    windows = block_windows(rows, UnseenShapes(arguments.data))
    rules, rule = unseen_rules(windows), learned(windows)
    tried = {least: scored(windows, rules, least) for least in LEAST}
    for least, (left, right) in tried.items():
        print(least, json.dumps({"left": asdict(left), "right": asdict(right)}))
    fit = [least for least in LEAST if sum(side.false for side in tried[least]) <= MOST_FALSE]
    print(replace(rule, least=min(fit)) if fit else "no probability keeps false blocks rare")
    return 0


if __name__ == "__main__":
    sys.exit(main())
