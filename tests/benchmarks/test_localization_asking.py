"""What was said before a waveform's turn, and how places are read."""

from benchmarks.localization_asking import is_before, read_places, said_before
from edge.labels import Waveform

ANSWER = "V 1.0-2.0 4.0-5.0; A 2.0-3.0; B 0.0-9.0"


def test_a_turn_comes_after_all_that_stand_before_it_whether_it_was_named_or_not() -> None:
    assert said_before(ANSWER, Waveform.VENTRICULAR_BEAT) == ""
    assert said_before(ANSWER, Waveform.SUPRAVENTRICULAR_BEAT) == "V 1.0-2.0 4.0-5.0"
    assert said_before(ANSWER, Waveform.VENTRICULAR_TACHYCARDIA) == "V 1.0-2.0 4.0-5.0; A 2.0-3.0"
    assert said_before("none", Waveform.VENTRICULAR_TACHYCARDIA) == ""


def test_nothing_is_before_itself() -> None:
    assert is_before(Waveform.VENTRICULAR_BEAT, Waveform.VENTRICULAR_BIGEMINY)
    assert not is_before(Waveform.VENTRICULAR_BEAT, Waveform.VENTRICULAR_BEAT)


def test_places_end_where_the_next_waveform_would_begin() -> None:
    assert read_places(" 1.0-2.0 4.0-12.0;", Waveform.VENTRICULAR_BEAT, 10) == [(1.0, 2.0), (4.0, 10.0)]
    assert read_places("", Waveform.VENTRICULAR_BEAT, 10) == []
