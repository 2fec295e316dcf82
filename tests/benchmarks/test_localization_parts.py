"""The ways that a table compares, and what the encoder's beats say by rules."""

import numpy as np
import pytest

from benchmarks.localization_parts import WAYS, Case, Row, line, measured
from benchmarks.quantization_questions import WAVEFORMS, Question
from edge.labels import Waveform

V, B = Waveform.VENTRICULAR_BEAT, Waveform.VENTRICULAR_BIGEMINY


def row_of(classes: str, **spans: list[list[float]]) -> Row:
    beats = [{"at_s": 0.5 + place, "beat_class": beat_class} for place, beat_class in enumerate(classes)]
    evidence = {"duration_s": 10.0, "leads": ["II"], "beats": beats, "spans": [], "readable_s": 10.0}
    return {"seconds": 10, "leads": ["II"], "known": ["V", "B"], "spans": spans, "evidence": evidence}


@pytest.fixture
def case() -> Case:
    """A ventricular beat at 2.5 s, of which the model says that it is half a second later."""
    row = row_of("NNVNNNNNNN", V=[[1.5, 3.5]])
    answers = {"held": "V 1.7-3.9", "free": "none", "evidence": "V 1.5-3.5"}
    told = {"presence": 0.4, "places": [[1.5, 3.5]]}
    return Case(V, row, answers, {"turn": told, "alone": told | {"presence": 0.6}})


def test_each_way_takes_one_thing_for_known(case: Case) -> None:
    said = {name: way(case) for name, way in WAYS.items()}
    assert said["written under the grammar"] == [(1.7, 3.9)]
    assert said["without grammar"] == said["named where it has half or more"] == []
    assert said["borders at the nearest beat"] == [(1.5, 3.9)]  # 3.9 is too far from any
    assert said["asked for alone"] == said["with what was measured"] == [(1.5, 3.5)]
    assert said["presence known"] == [(1.7, 3.9)]
    assert said["places known"] == said["truth at the encoder's beats"] == [(1.5, 3.5)]


def test_what_is_named_and_not_there_stays_wrong_where_only_places_are_known(case: Case) -> None:
    absent = Case(V, row_of("N" * 10), case.of_window, case.of_question)
    assert WAYS["places known"](absent) == [(1.7, 3.9)]
    assert WAYS["presence known"](absent) == []


def test_rules_read_the_encoders_beats() -> None:
    row = row_of("NNVNNNNNNN")
    assert measured(row, V) == [(1.5, 3.5)]
    assert measured(row, B) == []
    assert measured(row_of("NVNVNVNNNN"), B) == [(1.5, 7.5)]
    assert measured(row, Waveform.ATRIAL_FIBRILLATION) == []


def test_a_line_has_the_mean_over_waveforms_and_the_paired_difference() -> None:
    asked = [Question(0, waveform) for waveform in WAVEFORMS for _ in range(4)]
    usual = np.zeros(len(asked))
    values = np.repeat([1.0, 0, 0, 0, 0, 0, 0], 4)
    assert line("this", asked, values, usual) == (
        "| this | 14.3 (14.3 to 14.3) | +14.3 (+14.3 to +14.3) | 100 | 0 | 0 | 0 | 0 | 0 | 0 |"
    )
    assert "|  |" in line("this", asked, values, None)
