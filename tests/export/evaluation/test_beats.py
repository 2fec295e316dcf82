"""Each rule of the beat-by-beat comparison, on beats placed by hand; times in s, from 300 s on scored."""

import pytest

from edge.errors import UserError
from export.evaluation.beats import detections, score_beats, supraventricular, ventricular
from export.evaluation.period import Options

UNREADABLE, READABLE = 0x30, 0


def beats(first=301, n=5, symbol="N"):
    return [(first + i, symbol) for i in range(n)]


def test_a_beat_within_the_window_is_the_same_beat_and_one_sample_beyond_is_not(record) -> None:
    assert score_beats(record(beats(), [(t + 0.15, "N") for t, _ in beats()])).counts == {"Nn": 5}
    assert score_beats(record(beats(), [(t + 0.16, "N") for t, _ in beats()])).counts == {"No": 5, "On": 5}


def test_the_window_is_an_option(record) -> None:
    late = record(beats(), [(t + 0.16, "N") for t, _ in beats()])
    assert score_beats(late, Options(window_ms=160)).counts == {"Nn": 5}


def test_the_first_five_minutes_are_not_scored(record) -> None:
    made = record(beats(100, n=250), beats(100, n=250))
    assert score_beats(made).counts == {"Nn": 50}
    assert score_beats(made, Options(start_s=0)).counts == {"Nn": 250}
    assert score_beats(made, Options(stop_s=310.5)).counts == {"Nn": 11}


def test_a_test_beat_just_before_the_start_may_match_the_first_reference_beat(record) -> None:
    assert score_beats(record([(300.05, "N")], [(299.95, "N")])).counts == {"Nn": 1}


def test_an_extra_beat_just_after_the_start_is_not_held_against_the_detector(record) -> None:
    assert score_beats(record([(299.9, "N"), (300.5, "N")], [(300.0, "N"), (300.5, "N")])).counts == {"Nn": 1}


def test_the_nearer_of_two_test_beats_is_paired(record) -> None:
    assert score_beats(record([(301, "N")], [(300.9, "V"), (301.05, "N")])).counts == {"Ov": 1, "Nn": 1}


def test_a_tie_is_resolved_by_how_well_the_next_two_fit(record) -> None:
    made = record([(300.96, "N"), (301.60, "V")], [(301.28, "N"), (301.85, "V")])
    assert score_beats(made, Options(window_ms=370)).counts == {"Nn": 1, "Vv": 1}


@pytest.mark.parametrize(
    ("symbols", "label"), [("NLRB", "N"), ("AaJSenj", "S"), ("VEr", "V"), ("F", "F"), ("Q/f?", "Q")]
)
def test_classes_of_beats(record, symbols, label) -> None:
    made = [(301 + i, symbol) for i, symbol in enumerate(symbols)]
    assert score_beats(record(made, made)).counts == {label + label.lower(): len(symbols)}


def test_marks_that_are_no_beats_are_not_scored(record) -> None:
    others = [(301.5, "|"), (302.5, "+", "(N"), (303.5, "T"), (304.5, '"')]
    assert score_beats(record([*beats(), *others], beats())).counts == {"Nn": 5}


def test_in_reference_flutter_nothing_is_counted(record) -> None:
    flutter = [(301, "N"), (302, "["), (302.5, "!"), (303, "!"), (304, "]"), (305, "N")]
    found = [(301, "N"), (302.3, "V"), (303.1, "N"), (305, "N")]
    assert score_beats(record(flutter, found)).counts == {"Nn": 2}


def test_flutter_of_the_detector_excuses_no_missed_beat(record) -> None:
    found = [(301, "N"), (301.5, "["), (304.5, "]"), (305, "N")]
    assert score_beats(record(beats(), found)).counts == {"Nn": 2, "No": 3}


def test_beats_missed_in_unreadable_signal_are_counted_apart(record) -> None:
    found = [(301, "N"), (301.5, "~", UNREADABLE), (304.5, "~", READABLE), (305, "N")]
    score = score_beats(record([*beats(n=3), (304, "V"), (305, "N")], found))
    assert score.counts == {"Nn": 2, "Nx": 2, "Vx": 1}
    assert score.shutdown_s == 3
    assert detections(score)[0].part == 2
    assert detections(score)[0].whole == 5


def test_test_beats_where_the_reference_could_not_read(record) -> None:
    reference = [(301, "N"), (301.5, "~", UNREADABLE), (304.5, "~", READABLE), (305, "N")]
    score = score_beats(record(reference, beats()))
    assert score.counts == {"Nn": 2, "Xn": 3}
    assert score.shutdown_s == 0


def test_one_signal_that_can_be_read_is_no_shutdown(record) -> None:
    found = [(301, "N"), (301.5, "~", 0x10), (304.5, "~", READABLE), (305, "N")]
    assert score_beats(record(beats(), found)).counts == {"Nn": 2, "No": 3}


def test_a_single_mark_stands_in_the_middle_of_unreadable_signal(record) -> None:
    found = [(301, "N"), (303, "~", UNREADABLE), (305, "N")]
    score = score_beats(record(beats(), found))
    assert score.counts == {"Nn": 2, "Nx": 3}
    assert score.shutdown_s == 4  # 3.7 s: one window less on both sides


def test_unreadable_signal_without_end_lasts_to_the_end_of_the_record(record) -> None:
    found = [(301, "N"), (301.5, "~", UNREADABLE)]
    score = score_beats(record(beats(), found, duration_s=400))
    assert score.counts == {"Nn": 1, "Nx": 4}
    assert score.shutdown_s == 99  # 98.5 s, rounded


def test_rr_error_is_the_root_of_the_mean_square_of_all_pairs(record) -> None:
    score = score_beats(record([(300.5, "N"), *beats()], [(300.5, "N"), *beats(n=4), (305.1, "N")]))
    assert score.rr_error_ms == pytest.approx((100**2 / 5) ** 0.5)  # the first beat ends no interval


def test_rr_error_of_a_missed_beat_compares_what_the_detector_last_said(record) -> None:
    found = [(t, s) for t, s in beats(n=6) if t != 304]
    score = score_beats(record(beats(n=6), found))
    assert score.counts == {"Nn": 5, "No": 1}
    # pairs: 302 and 303 (0 ms), 304 missed against the interval 303 to 305 (1 s), 305 (1 s), 306 (0 ms)
    assert score.rr_error_ms == pytest.approx((2 * 1000**2 / 5) ** 0.5)


def test_no_rr_error_without_two_beats(record) -> None:
    assert score_beats(record(beats(n=1), beats(n=1))).rr_error_ms is None


def test_what_is_held_against_v_and_s(record) -> None:
    reference = list(zip(range(301, 311), "NSVFQNSVFQ", strict=True))
    score = score_beats(record(reference, [(t, "V") for t, _ in reference]))
    sensitivity, predictivity, false_rate = ventricular(score)
    assert (sensitivity.part, sensitivity.whole) == (2, 2)
    assert (predictivity.part, predictivity.whole) == (2, 6)  # F and Q are neither right nor wrong
    assert (false_rate.part, false_rate.whole) == (4, 4)
    score = score_beats(record(reference, [(t, "A") for t, _ in reference]))
    assert [(r.part, r.whole) for r in supraventricular(score)] == [(2, 2), (2, 8)]  # Q alone is not held


def test_a_record_that_ends_before_scoring_starts_is_refused(record) -> None:
    with pytest.raises(UserError, match=r"made: scoring ends at 120 s, before it starts \(300 s"):
        score_beats(record([(1, "N")], [(1, "N")], duration_s=120))


def test_stop_zero_ends_with_the_shorter_file(record) -> None:
    made = record(beats(n=20), beats(n=10))
    assert score_beats(made).counts == {"Nn": 10, "No": 10}
    assert score_beats(made, Options(stop_s=0)).counts == {"Nn": 10}
