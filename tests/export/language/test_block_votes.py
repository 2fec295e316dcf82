"""The vote's weights are learned from patients, and its least probabilities chosen on those left out."""

import numpy as np
import pytest

from edge.block_vote import VOTED, BlockOpinion, BlockVote, numbers_of
from edge.evidence import Evidence, EvidenceBeat
from edge.labels import BeatClass
from export.training.language.block_votes import (
    VoteWindow,
    chosen,
    fitted,
    scored,
    unseen_votes,
)

NO_VOTE = BlockVote(weights=((0.0,) * 5, (0.0,) * 5), bias=(0.0, 0.0), least=(0.5, 0.5))


def window(patient: str, block: int, rng: np.random.Generator) -> VoteWindow:
    """Each witness is a little surer of the true block than of none; width tells that there is one."""
    sides = [
        float(np.clip(rng.normal(0.45 if side % 2 + 1 == block else 0.2, 0.15), 0.01, 0.99))
        for side in range(4)
    ]
    beats = tuple(EvidenceBeat(i + 0.5, BeatClass.NORMAL, (sides[0], sides[1])) for i in range(10))
    opinion = BlockOpinion((sides[2],) * 100, (sides[3],) * 100, NO_VOTE)
    qrs_ms = float(rng.normal(140 if block else 95, 15))
    truth = {side: [(0.0, 10.0)] if i + 1 == block else [] for i, side in enumerate(VOTED)}
    evidence = Evidence(10.0, ("II",), beats, (), 10.0, qrs_ms=qrs_ms)
    return VoteWindow(patient, evidence, opinion, numbers_of(beats, opinion, qrs_ms), block, truth)


@pytest.fixture(scope="module")
def windows() -> list[VoteWindow]:
    rng = np.random.default_rng(1)
    patients = [(f"p{i}", 1 if i < 25 else 2 if i < 50 else 0) for i in range(250)]
    return [window(name, block, rng) for name, block in patients for _ in range(2)]


def test_the_weights_ask_both_witnesses_and_the_width(windows) -> None:
    left, right = np.array(fitted(windows).weights)
    assert left[0] > left[1]
    assert left[2] > left[3]
    assert right[1] > right[0]
    assert right[3] > right[2]
    assert left[4] > 0.5
    assert right[4] > 0.5


def test_a_window_is_answered_by_weights_that_did_not_see_its_patient(windows) -> None:
    votes = unseen_votes(windows)
    of_patient: dict[str, set[BlockVote]] = {}
    for one, vote in zip(windows, votes, strict=True):
        of_patient.setdefault(one.patient, set()).add(vote)
    assert all(len(own) == 1 for own in of_patient.values())
    assert len(set(votes)) == 10
    first = next(vote for one, vote in zip(windows, votes, strict=True) if one.patient == "p0")
    others = [one for one, vote in zip(windows, votes, strict=True) if vote != first]
    assert fitted(others) == first


def test_the_least_probability_keeps_false_blocks_rare(windows) -> None:
    votes = unseen_votes(windows)
    for side in (0, 1):
        least = chosen(windows, votes, side)
        found = scored(windows, votes, side, least)
        assert found.false <= 0.05
        assert found.iou > 0.5
        assert scored(windows, votes, side, 0.8).iou <= found.iou


def test_many_windows_of_one_patient_do_not_outweigh_the_others(windows) -> None:
    again = [one for one in windows if one.patient == "p0"]
    once, often = (np.array(fitted(list(each)).weights) for each in (windows, windows + 50 * again))
    assert np.abs(once - often).max() < 0.01
