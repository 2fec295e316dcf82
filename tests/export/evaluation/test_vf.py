"""VF by windows: what a window is, and what is counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.evaluation.annotations import Mark, from_marks
from export.evaluation.vf import score_windows, summed, vf_stretches, vf_windows, window_means, window_shares


def marks(*rows: tuple[int, str]):
    return from_marks([Mark(at, symbol, 0, "") for at, symbol in rows], 10.0)


def test_stretches_end_at_their_mark_or_with_the_recording() -> None:
    found = vf_stretches(marks((5, "N"), (100, "["), (110, "["), (150, "]"), (160, "]"), (200, "[")), 30.0)
    assert found == [(10.0, 15.0), (20.0, 30.0)]
    assert vf_stretches(marks((5, "N")), 30.0) == []


def test_half_of_a_window_makes_it_vf() -> None:
    windows = {w.first_s: w for w in vf_windows([(10.0, 30.0)], 40.5)}
    assert max(windows) == 32
    assert [windows[s].is_vf for s in (2, 5, 6, 10, 22, 26, 27)] == [
        False,
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    assert [windows[s].straddles for s in (2, 3, 9, 10, 22, 23, 30)] == [
        False,
        True,
        True,
        False,
        False,
        True,
        False,
    ]
    assert [w.first_s for w in vf_windows([], 40.5, step_s=8)] == [0, 8, 16, 24, 32]


def test_counts_by_hand() -> None:
    windows = vf_windows([(8.0, 16.0)], 32.0, step_s=8)
    probability = np.repeat([0.6, 0.2, 0.9, 0.1], 8)
    means = window_means(probability, windows, 8)
    assert means == pytest.approx([0.6, 0.2, 0.9, 0.1])
    row = score_windows(windows, means, 0.5).row()
    assert (row["VF"], row["not VF"], row["missed"], row["false"]) == (1, 3, 1, 2)
    assert (row["Se"], row["Sp"], row["+P"]) == (0, pytest.approx(100 / 3), 0)
    both = summed([score_windows(windows, means, 0.5), score_windows(windows, means, 0.2)])
    assert (both.hits, both.missed, both.false, both.right) == (1, 1, 4, 2)


def test_a_detector_calls_vf_by_the_share_that_it_marked() -> None:
    windows = vf_windows([(8.0, 16.0)], 32.0, step_s=8)
    shares = window_shares(windows, [(6.0, 12.0), (13.0, 14.0), (20.0, 23.0)], 8)
    assert shares == pytest.approx([2 / 8, 5 / 8, 3 / 8, 0])
    score = score_windows(windows, shares, 0.5)
    assert (score.hits, score.missed, score.false, score.right) == (1, 0, 0, 3)


@given(
    st.lists(st.floats(0, 100), max_size=6, unique=True).map(sorted),
    st.integers(1, 12),
    st.integers(1, 8),
)
def test_every_window_is_counted_once(times, window_s, step_s) -> None:
    stretches = list(zip(times[::2], times[1::2], strict=False))
    windows = vf_windows(stretches, 100.0, window_s, step_s)
    score = score_windows(windows, [0.0] * len(windows), 0.5)
    assert (score.hits, score.false) == (0, 0)
    assert score.missed + score.right == len(windows)
    assert score.missed == sum(w.is_vf for w in windows)
    for window in windows:
        inside = sum(
            max(0.0, min(window.first_s + window_s, end) - max(window.first_s, onset))
            for onset, end in stretches
        )
        assert window.is_vf == (2 * inside >= window_s)
