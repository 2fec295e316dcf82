"""AF by duration with and without flutter, the map of e and j, and where two annotators disagree."""

from collections import Counter

import pytest

from benchmarks.disagreements import compare, worst_stretches
from benchmarks.scores import af_sensitivity, af_specificity, beats_of, rhythm_seconds, with_escapes_as_normal
from export.evaluation.annotations import AnnotatedRecord, Mark, from_marks

FS_HZ = 100.0


def record(reference: list[tuple[float, str, str]], test: list[tuple[float, str, str]]) -> AnnotatedRecord:
    both = [
        from_marks([Mark(round(at_s * FS_HZ), symbol, 0, aux) for at_s, symbol, aux in rows], FS_HZ)
        for rows in (reference, test)
    ]
    return AnnotatedRecord("made", FS_HZ, 60_000, *both)


def test_flutter_counts_as_time_without_af_or_not_at_all() -> None:
    reference = [(0, "+", "(N"), (350, "+", "(AFIB"), (400, "+", "(AFL"), (450, "+", "(N")]
    made = record(reference, [(0, "+", "(N"), (360, "+", "(AFIB"), (410, "+", "(N")])
    times = rhythm_seconds({"made": made})
    assert times == Counter(
        {
            ("AF", True): 40,
            ("AF", False): 10,
            ("AFL", True): 10,
            ("AFL", False): 40,
            ("other", True): 0,
            ("other", False): 200,
        }
    )
    assert af_sensitivity(times).percent == 80
    assert af_specificity(times, with_flutter=True).percent == 96
    assert af_specificity(times, with_flutter=False).percent == 100


def test_escape_beats_are_s_or_n() -> None:
    beats = [(300.0 + i, "j" if i == 100 else "e" if i == 101 else "N", "") for i in range(200)]
    records = {"made": record(beats, [(at_s, "N", "") for at_s, _, _ in beats])}
    assert beats_of(records).total["Sn'"] == 2
    assert beats_of(with_escapes_as_normal(records)).total["Sn'"] == 0


def test_disagreements_after_the_learning_time() -> None:
    reference = [(100, "V", ""), (310, "V", ""), (320, "V", ""), (330, "N", ""), (340, "N", "")]
    found = [(310.1, "V", ""), (320, "N", ""), (330, "V", ""), (350, "V", "")]
    comparison = compare(record(reference, found), "V")
    assert comparison.missed_s == [320]
    assert comparison.false_s == [330, 350]
    assert compare(record(reference, found), "Q").missed_s == [340]


def test_the_worst_stretches_come_first_and_hold_each_time_once() -> None:
    assert worst_stretches([1, 2, 3, 50, 51, 90], 10, 2) == [2, 50.5]
    assert worst_stretches([], 10, 2) == []
    assert worst_stretches([5], 10, 3) == [pytest.approx(5)]
