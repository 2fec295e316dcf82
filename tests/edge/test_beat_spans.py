"""From the previous R to the next R, merged."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.beat_spans import ectopy_spans, merged, neighbour_stretches
from edge.evidence import EvidenceBeat
from edge.labels import BeatClass, Waveform


def test_a_beat_spans_its_neighbours_and_touching_stretches_are_one():
    times = [0.5, 1.3, 1.8, 3.0, 3.8, 4.2, 5.4]
    chosen = [False, False, True, False, False, True, False]
    assert neighbour_stretches(times, chosen, 10.0) == [(1.3, 3.0), (3.8, 5.4)]
    assert neighbour_stretches(times, [False, False, True, False, True, False, False], 10.0) == [(1.3, 4.2)]


def test_without_a_neighbour_the_window_ends_it():
    assert neighbour_stretches([0.4], [True], 10.0) == [(0.0, 10.0)]
    assert neighbour_stretches([-0.4, 0.4, 12.0], [False, True, False], 10.0) == [(0.0, 10.0)]
    assert neighbour_stretches([-0.4, 0.4], [True, False], 10.0) == []


def test_ectopy_by_class():
    beats = [EvidenceBeat(at, kind) for at, kind in ((0.5, BeatClass.NORMAL), (1.0, BeatClass.VENTRICULAR))]
    (span,) = ectopy_spans(beats, 2.0)
    assert (span.waveform, span.start_s, span.end_s) == (Waveform.VENTRICULAR_BEAT, 0.5, 2.0)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50)).map(sorted).map(tuple), max_size=20))
def test_merged_is_sorted_disjoint_and_idempotent(stretches):
    whole = merged(stretches)
    assert all(a[1] < b[0] for a, b in pairwise(whole))
    assert merged(whole) == whole
