"""The vote on bundle branch block: what is weighed, what is told, and how it crosses between processes."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.block_vote import VOTED, BlockOpinion, BlockVote, numbers_of, probabilities, read_beats, voted
from edge.events import LocalizedFinding
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.fusion import fuse
from edge.labels import BeatClass
from edge.localizer_reading import localization, with_findings
from edge.localizer_request import Said, decode_answers, encode_answers

LEFT, RIGHT = VOTED
BY_SHAPE_AND_POINTING = BlockVote(
    weights=((1.0, 0.0, 1.0, 0.0, 0.0), (0.0, 1.0, 0.0, 1.0, 0.0)), bias=(0.0, 0.0), least=(0.5, 0.5)
)
PROBABILITY = st.floats(0, 1)
VOTES = st.builds(
    BlockVote,
    weights=st.tuples(*[st.tuples(*[st.floats(-3, 3)] * 5)] * 2),
    bias=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    least=st.tuples(PROBABILITY, PROBABILITY),
)


def evidence(
    *blocks: tuple[float, float] | None, spans: tuple[EvidenceSpan, ...] = (), qrs_ms: float | None = None
) -> Evidence:
    """A beat a second from 0.5 s on."""
    kinds = [BeatClass.VENTRICULAR if each is None else BeatClass.NORMAL for each in blocks]
    beats = [EvidenceBeat(i + 0.5, *pair) for i, pair in enumerate(zip(kinds, blocks, strict=True))]
    return Evidence(10.0, ("II",), tuple(beats), spans, 10.0, qrs_ms=qrs_ms)


def opinion(left: float, right: float, vote: BlockVote = BY_SHAPE_AND_POINTING) -> BlockOpinion:
    return BlockOpinion((left,) * 100, (right,) * 100, vote)


def places(found: list[LocalizedFinding] | None) -> list[tuple[object, float, float]]:
    return [(one.finding, one.start_s, one.end_s) for one in found or ()]


def test_both_witnesses_together_tell_what_neither_tells_alone() -> None:
    doubtful = evidence(*[(0.6, 0.2)] * 10)
    assert places(voted(opinion(0.7, 0.1), doubtful)) == [(LEFT, 0.0, 10.0)]
    assert voted(opinion(0.1, 0.1), doubtful) == []


def test_the_likelier_side_is_told_and_it_alone() -> None:
    found = voted(opinion(0.8, 0.9), evidence(*[(0.6, 0.8)] * 10))
    assert places(found) == [(RIGHT, 0.0, 10.0)]
    assert found is not None
    assert found[0].seen_by == ("encoder", "language_model")
    assert 0.5 < (found[0].confidence or 0) < 1


def test_ectopic_beats_have_no_block_and_no_say() -> None:
    found = voted(opinion(0.9, 0.1), evidence((0.9, 0.1), None, None, None, (0.9, 0.1), (0.9, 0.1)))
    assert places(found) == [(LEFT, 0.0, 1.5), (LEFT, 3.5, 10.0)]


def test_a_wide_qrs_counts_where_it_was_measured() -> None:
    by_width = BlockVote(weights=((0, 0, 0, 0, 1.0), (0, 0, 0, 0, 0)), bias=(0.0, 0.0), least=(0.5, 0.5))
    beats = [(0.5, 0.5)] * 10
    assert places(voted(opinion(0.5, 0.5, by_width), evidence(*beats, qrs_ms=150)))
    assert not voted(opinion(0.5, 0.5, by_width), evidence(*beats, qrs_ms=90))
    assert not voted(opinion(0.5, 0.5, by_width), evidence(*beats))


def test_no_vote_where_no_shape_was_read() -> None:
    assert voted(opinion(0.9, 0.1), evidence(None, None)) is None
    assert voted(opinion(0.9, 0.1), evidence()) is None


def test_beats_that_the_model_was_not_shown_are_left_out() -> None:
    shown = BlockOpinion((0.9,) * 40, (0.1,) * 40, BY_SHAPE_AND_POINTING)
    found = voted(shown, evidence(*[(0.9, 0.1)] * 10), start_s=3.0)
    assert places(found) == [(LEFT, 2.5, 7.5)]


@given(
    VOTES, st.lists(st.none() | st.tuples(PROBABILITY, PROBABILITY), max_size=10), PROBABILITY, PROBABILITY
)
def test_whatever_is_weighed_one_block_at_most_lies_inside_the_window(vote, blocks, left, right) -> None:
    seen = evidence(*blocks)
    found = voted(opinion(left, right, vote), seen)
    assert (found is None) == (not any(blocks))
    assert len({one.finding for one in found or ()}) <= 1
    assert all(0 <= one.start_s < one.end_s <= seen.duration_s for one in found or ())
    if read := read_beats(seen, 0, 10):
        of_both = probabilities(vote, numbers_of(read, opinion(left, right, vote), None))
        assert (of_both >= 0).all()
        assert of_both.sum() <= 1 + 1e-9


@given(VOTES, st.lists(st.tuples(PROBABILITY, PROBABILITY), max_size=20))
def test_an_opinion_crosses_between_processes(vote, tenths) -> None:
    sides = [tuple(round(p, 4) for p in side) for side in zip(*tenths, strict=True)] or [(), ()]
    said = Said("none", (0.5,) * 4, BlockOpinion(sides[0], sides[1], vote))
    assert decode_answers(json.loads(encode_answers([said, Said("x", (1.0,))]))) == (said, Said("x", (1.0,)))


def test_fusion_takes_the_vote_for_either_witness() -> None:
    right = EvidenceSpan(RIGHT, 0.0, 10.0)
    said = LocalizedFinding(finding=LEFT, start_s=0.0, end_s=10.0, confidence=0.95)
    told = voted(opinion(0.9, 0.1), evidence(*[(0.9, 0.1)] * 10))
    assert places(list(fuse([right], [said], voted=told).findings)) == [(LEFT, 0.0, 10.0)]
    assert fuse([right], [said], voted=[]).findings == ()
    assert places(list(fuse([right], [said]).findings)) == [(RIGHT, 0.0, 10.0)]


@pytest.mark.parametrize(("left", "right", "kept"), [(0.9, 0.01, True), (0.01, 0.9, False)])
def test_sentences_are_held_to_the_vote(left: float, right: float, kept: bool) -> None:
    seen = evidence(*[(left, right)] * 10, spans=(EvidenceSpan(RIGHT, 0.0, 10.0),))
    located = Said("none", (0.9,) * 4, opinion(left, right))
    report = Said("Left bundle branch block.", (1.0,) * 25)
    found = localization((located, report), seen, "m", 1.0)
    assert (found.sentence is not None) is kept
    assert {one.finding for one in found.findings} == {LEFT if kept else RIGHT}
    told = with_findings(seen, found.findings)
    assert {span.waveform for span in told.spans} == {LEFT if kept else RIGHT}


def test_surer_witnesses_make_it_surer() -> None:
    vote = BY_SHAPE_AND_POINTING
    sure = [
        probabilities(vote, numbers_of(evidence((p, 0.1)).beats, opinion(p, 0.1), None))[0]
        for p in (0.1, 0.3, 0.5, 0.7, 0.9)
    ]
    assert np.all(np.diff(sure) > 0)
