"""Stretches as tenths of a second, and moved to beats."""

from hypothesis import given
from hypothesis import strategies as st

from edge.tenths import of_tenths, snapped, to_tenths

EDGES = st.lists(st.integers(0, 100), unique=True, max_size=12).map(sorted)


@given(EDGES)
def test_tenths_give_back_the_stretches(edges: list[int]) -> None:
    places = [(a / 10, b / 10) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    assert of_tenths(to_tenths(places, 10)) == places


def test_what_lies_outside_the_window_is_cut_off() -> None:
    assert of_tenths(to_tenths([(-1.0, 0.5), (9.0, 12.0)], 10)) == [(0.0, 0.5), (9.0, 10.0)]


def test_a_border_goes_to_the_nearest_beat_but_not_far() -> None:
    assert snapped([(1.0, 3.0)], [0.9, 3.9], 10, near_s=0.3) == [(0.9, 3.0)]


def test_borders_of_the_window_are_as_good_as_beats() -> None:
    assert snapped([(0.2, 9.9)], [], 10, near_s=0.3) == [(0.0, 10.0)]


def test_a_stretch_whose_borders_meet_at_one_beat_is_gone() -> None:
    assert snapped([(1.9, 2.1)], [2.0], 10, near_s=0.3) == []
