"""The wave scorer, on marks placed by hand; times in s."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.evaluation.annotations import Mark, from_marks
from export.evaluation.waves import (
    ALL_POINTS,
    MarkedWave,
    better_lead,
    marked_waves,
    mean_of_sds_ms,
    nearest_pairs,
    pooled,
    score_waves,
)


def beat(at: float) -> list[MarkedWave]:
    return [
        MarkedWave("P", at - 0.20, at - 0.15, at - 0.10),
        MarkedWave("QRS", at - 0.05, at, at + 0.05),
        MarkedWave("T", at + 0.20, at + 0.30, at + 0.40),
    ]


def beats(*times: float) -> list[MarkedWave]:
    return [wave for at in times for wave in beat(at)]


def shifted(waves: list[MarkedWave], by_s: float) -> list[MarkedWave]:
    return [MarkedWave(w.kind, w.onset + by_s, w.peak + by_s, w.end + by_s) for w in waves]


def test_marks_become_waves_with_the_boundaries_beside_them() -> None:
    marks = [(100, "("), (110, "p"), (120, ")"), (150, "V"), (160, ")"), (200, "t"), (230, "u"), (240, ")")]
    waves = marked_waves(from_marks([Mark(at, symbol, 0, "") for at, symbol in marks], 100.0))
    assert waves == [
        MarkedWave("P", 1.0, 1.1, 1.2),
        MarkedWave("QRS", None, 1.5, 1.6),
        MarkedWave("T", None, 2.0, None),
    ]


def test_errors_are_found_minus_annotated() -> None:
    scores = score_waves(beats(1, 2, 3), shifted(beats(1, 2, 3), 0.012))
    for point in ALL_POINTS:
        assert scores[point].found_ms == pytest.approx([12, 12, 12])
        row = scores[point].row()
        assert (row["n"], row["Se"], row["+P"], row["F1"]) == (3, 100, 100, 100)
        assert row["mean ms"] == pytest.approx(12)
        assert row["SD ms"] == pytest.approx(0, abs=1e-6)


def test_tolerance_is_150_ms() -> None:
    reference = beats(1, 2, 3)
    assert score_waves(reference, shifted(reference, 0.150))["QRS", "peak"].row()["Se"] == 100
    late = score_waves(reference, shifted(reference, 0.151))["QRS", "peak"]
    assert late.row()["Se"] == 0
    assert late.false == 3


def test_what_lies_outside_of_the_annotated_stretch_is_not_false() -> None:
    found = beats(0, 1, 2, 2.5, 3, 4)
    assert score_waves(beats(1, 2, 3), found)["P", "onset"].false == 1
    assert score_waves([], found)["QRS", "peak"].row()["+P"] is None


def test_beats_that_the_annotator_skipped_are_not_false_where_the_database_does_so() -> None:
    reference, found = beats(1, 2, 3, 6, 7, 8), beats(*range(1, 9))
    assert score_waves(reference, found)["QRS", "peak"].false == 2
    assert score_waves(reference, found, skips_beats=True)["QRS", "peak"].false == 0
    extra = beats(*range(1, 9), 2.5)
    assert score_waves(reference, extra, skips_beats=True)["QRS", "peak"].false == 1


def test_a_boundary_that_was_left_open_asks_nothing() -> None:
    reference = [w._replace(onset=None) if w.kind == "T" else w for w in beats(1, 2)]
    onset = score_waves(reference, beats(1, 2))["T", "onset"]
    assert (onset.errors_ms, onset.false) == ((), 0)


def test_where_no_t_wave_is_marked_only_qrs_are_scored() -> None:
    scores = score_waves([w for w in beats(1, 2, 3) if w.kind == "QRS"], beats(1, 1.5, 2, 3))
    assert [scores[kind, "peak"].false for kind in ("P", "QRS", "T")] == [0, 1, 0]


def test_leads_and_records_together() -> None:
    reference = beats(1, 2)
    near, far = (score_waves(reference, shifted(reference, by)) for by in (0.01, -0.03))
    none = score_waves(reference, [])
    point = ("QRS", "end")
    assert better_lead([far, near])[point].found_ms == pytest.approx([10, 10])
    assert better_lead([none, far])[point].found_ms == pytest.approx([-30, -30])
    assert pooled([near, none])[point].row()["Se"] == 50
    assert mean_of_sds_ms([near, far, none], point) == pytest.approx(0, abs=1e-6)


TIMES = st.lists(st.integers(0, 2000), unique=True, max_size=30).map(lambda ms: sorted(t / 1000 for t in ms))


@given(TIMES, TIMES)
def test_pairs_are_the_same_from_both_sides(ours, theirs) -> None:
    pairs = nearest_pairs(ours, theirs)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(abs(ours[i] - theirs[j]) <= 0.150001 for i, j in pairs)
    assert pairs == sorted(pairs, key=lambda pair: pair[1])
    apart = {(i, j) for j, i in nearest_pairs(theirs, ours)}
    ties = any(len({abs(a - b) for b in theirs}) < len(theirs) for a in ours)
    ties = ties or any(len({abs(a - b) for a in ours}) < len(ours) for b in theirs)
    assert ties or apart == set(pairs)


@given(TIMES)
def test_a_detector_without_error_has_no_error(times) -> None:
    reference = beats(*times)
    for point, score in score_waves(reference, reference).items():
        assert len(score.found_ms) == len(times) == len(score.errors_ms), point
        assert score.false == 0
        assert all(error == 0 for error in score.found_ms)
