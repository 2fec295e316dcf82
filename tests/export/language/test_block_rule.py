"""The rule on bundle branch block is learned from patients, and tried on those left out."""

import numpy as np
import pytest

from edge.conduction import BLOCKS, BlockRule, ShapeOdds
from edge.evidence import Evidence, EvidenceBeat
from edge.labels import BeatClass
from export.training.language.block_rule import (
    LEAST,
    BlockWindow,
    learned,
    scored,
    unseen_rules,
)

BEATS = tuple(EvidenceBeat(i + 0.5, BeatClass.NORMAL) for i in range(10))


def window(patient: str, block: int, rng: np.random.Generator) -> BlockWindow:
    """Blocks are wider and surer by shape; the side is seen less well."""
    odds = ShapeOdds(
        float(rng.normal(1.5 if block else -4, 1.5)), float(rng.normal((0.3, 2, -1.4)[block], 1.5))
    )
    qrs_ms = float(rng.normal(130 if block else 95, 12))
    truth = {name: [(0.0, 10.0)] if i == block else [] for i, name in enumerate(BLOCKS) if name}
    return BlockWindow(patient, Evidence(10.0, ("II",), BEATS, (), 10.0, qrs_ms=qrs_ms), odds, block, truth)


@pytest.fixture(scope="module")
def windows() -> list[BlockWindow]:
    rng = np.random.default_rng(1)
    patients = [(f"p{i}", 1 if i < 25 else 2 if i < 50 else 0) for i in range(250)]
    return [window(name, block, rng) for name, block in patients for _ in range(2)]


def test_shape_and_width_speak_for_a_block_and_the_side_lies_between(windows) -> None:
    rule = learned(windows)
    assert rule.shape > 0
    assert rule.width > 0
    assert -1 < rule.side < 1.5


def test_a_window_is_answered_by_a_rule_that_did_not_see_its_patient(windows) -> None:
    rules = unseen_rules(windows)
    of_patient: dict[str, set[BlockRule]] = {}
    for one, rule in zip(windows, rules, strict=True):
        of_patient.setdefault(one.patient, set()).add(rule)
    assert all(len(own) == 1 for own in of_patient.values())
    first = rules[0]
    assert learned([one for one, rule in zip(windows, rules, strict=True) if rule != first]) == first


def test_a_higher_probability_tells_less_of_all(windows) -> None:
    rules = unseen_rules(windows)
    tried = [scored(windows, rules, least) for least in LEAST]
    for side in (0, 1):
        for name in ("iou", "false", "other_side"):
            values = [getattr(scores[side], name) for scores in tried]
            assert values == sorted(values, reverse=True)
        assert tried[0][side].iou > 0.5
        assert tried[0][side].false < 0.1


def test_many_windows_of_one_patient_do_not_outweigh_the_others(windows) -> None:
    again = [one for one in windows if one.patient == "p0"]
    once, often = learned(windows), learned(windows + 50 * again)
    assert once.shape == pytest.approx(often.shape, abs=0.02)
    assert once.side == pytest.approx(often.side, abs=0.02)
