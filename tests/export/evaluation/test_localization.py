"""The localization task's score, its fault mended, and its blind answers."""

from hypothesis import given
from hypothesis import strategies as st

from edge.labels import Waveform
from export.evaluation.localization import Question, iou, macro_iou, score
from export.evaluation.localization_questions import ASKED, draw_questions, only_as_annotated
from export.evaluation.window_truth import AnnotatedRecord

STRETCHES = st.lists(
    st.tuples(st.floats(0, 30), st.floats(0.1, 5)).map(lambda p: (p[0], p[0] + p[1])), max_size=6
)
V = Waveform.VENTRICULAR_BEAT


def test_known_values():
    assert iou([(0, 2)], [(1, 3)]) == 1 / 3
    assert iou([], []) == 1.0
    assert iou([(0, 2)], []) == 0.0


def test_a_stretch_said_twice_counts_once():
    assert iou([(0, 2)], [(0, 2), (0, 2)]) == 1.0


@given(STRETCHES, STRETCHES)
def test_iou_is_symmetric_and_in_bounds(one, other):
    value = iou(one, other)
    assert 0 <= value <= 1 + 1e-9
    assert abs(value - iou(other, one)) < 1e-9


def test_events_and_false_findings():
    asked = [Question("a", 0, 10, V, ((1.0, 3.0),)), Question("b", 0, 10, V, ())]
    found = score(asked, [[(1.0, 2.5)], [(4.0, 5.0)]], free=["b"])
    assert (found.found, found.missed, found.right, found.false) == (1, 0, 1, 1)
    assert found.row()["false/h"] == 360.0
    assert macro_iou([found]) == (0.75 + 0) / 2


def record(symbols):
    at = tuple(float(i) for i in range(len(symbols)))
    return AnnotatedRecord(at, tuple(symbols), (), frozenset(ASKED))


def test_windows_are_cut_at_random_offsets_around_events():
    records = {"a": record("N" * 100 + "V" + "N" * 100), "b": record("N" * 201)}
    asked = draw_questions(records, {"a": 200.0, "b": 200.0}, 8, 20, seed=3)
    own = [question for question in asked if question.waveform is V]
    assert sum(bool(question.truth) for question in own) == 8
    assert {question.record for question in own if not question.truth} == {"b"}
    assert len({round(100 - question.start_s, 2) for question in own if question.truth}) > 4
    assert all(10 <= question.seconds <= 20 for question in own)
    assert asked == draw_questions(records, {"a": 200.0, "b": 200.0}, 8, 20, seed=3)


def test_the_class_a_is_the_symbol_a_alone():
    assert only_as_annotated(record("NAaJSV")).symbols == tuple("NANNNV")
