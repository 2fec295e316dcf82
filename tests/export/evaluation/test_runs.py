"""Each rule of the run-by-run comparison, on beats placed by hand."""

import pytest

from export.evaluation.period import Options
from export.evaluation.runs import score_runs

UNREADABLE = 0x30


def beats(symbols, first=301):
    return [(first + i, symbol) for i, symbol in enumerate(symbols)]


def v(made, **options) -> dict[str, int]:
    counts = score_runs(made, Options(**options)).ventricular.counts()
    return {name: count for name, count in counts.items() if count}


def s(made) -> dict[str, int]:
    return {name: count for name, count in score_runs(made).supraventricular.counts().items() if count}


@pytest.mark.parametrize(
    ("run", "kind"), [("VV", "C"), ("VVV", "S"), ("VVVVV", "S"), ("VVVVVV", "L"), ("V" * 20, "L")]
)
def test_a_run_that_is_found(record, run, kind) -> None:
    made = beats("NN" + run + "NN")
    assert v(record(made, made)) == {f"{kind}Ts": 1, f"{kind}Tp": 1}
    assert s(record(made, made)) == {}


def test_a_single_beat_is_no_run(record) -> None:
    assert v(record(beats("NVN"), beats("NVN"))) == {}


def test_fusion_and_escape_beats_belong_to_v_runs(record) -> None:
    made = beats("NVFErN")
    assert v(record(made, made)) == {"STs": 1, "STp": 1}


def test_a_run_that_is_found_shorter_is_missed_and_right(record) -> None:
    made = record(beats("NVVVVN"), beats("NVVNNN"))
    assert v(made) == {"SFN": 1, "CTp": 1}


def test_a_run_that_is_found_longer_is_found_and_wrong(record) -> None:
    made = record(beats("NVVNNNN"), beats("NVVVVNN"))
    assert v(made) == {"CTs": 1, "SFP": 1}


def test_a_run_of_the_detector_alone_is_wrong(record) -> None:
    assert v(record(beats("NNNN"), beats("NVVN"))) == {"CFP": 1}


def test_any_other_beat_ends_a_run(record) -> None:
    for other in "NAQ":
        made = beats(f"NVV{other}VVN")
        assert v(record(made, made)) == {"CTs": 2, "CTp": 2}


def test_unreadable_signal_ends_a_run(record) -> None:
    made = [*beats("NVV"), (303.5, "~", UNREADABLE), (303.7, "~", 0), *beats("VVN", first=304)]
    assert v(record(made, made)) == {"CTs": 2, "CTp": 2}


def test_s_runs(record) -> None:
    made = record(beats("NAaJSnejNN"), beats("NAANNNNNNN"))
    assert s(made) == {"LFN": 1, "CTp": 1}


def test_normal_beats_in_atrial_fibrillation_or_flutter_are_s(record) -> None:
    for rhythm in ("(AFIB", "(AFL"):
        made = [(300.5, "+", "(N"), *beats("N"), (301.5, "+", rhythm), *beats("NNN", 302)]
        made += [(304.5, "+", "(N"), *beats("NN", 305)]
        assert s(record(made, made)) == {"LTs": 1, "LTp": 1}
        assert s(record(made, beats("NNNNNN"))) == {"LFN": 1}


def test_a_v_beat_ends_an_s_run_in_fibrillation_and_the_next_n_starts_another(record) -> None:
    made = [*beats("N"), (301.5, "+", "(AFIB"), *beats("NNVNNVN", 302), (309.5, "+", "(N"), *beats("N", 310)]
    assert s(record(made, made))["LTs"] == 1
    assert s(record(made, beats("NNNNNNNNNN"))) == {"LFN": 1, "CFN": 1}


@pytest.mark.parametrize(("on", "off"), [(("[",), ("]",)), (("+", "(VFL"), ("+", "(N"))])
def test_flutter_is_a_long_run(record, on, off) -> None:
    made = [*beats("N"), (301.5, *on), (307.5, *off), *beats("N", 308)]
    assert v(record(made, made)) == {"LTs": 1, "LTp": 1}
    assert v(record(made, beats("NVVVVVVN"))) == {"LTs": 1, "LTp": 1}
    assert v(record(beats("NVVVVVVN"), made)) == {"LTs": 1, "LTp": 1}
    assert v(record(made, beats("NNNNNN"))) == {"LFN": 1}


def test_a_run_that_began_in_the_learning_time_is_cut_but_fibrillation_is_a_whole_run(record) -> None:
    made = beats("N" + "V" * 8 + "N", first=293.5)
    assert v(record(made, made)) == {"CTs": 1, "CTp": 1}
    flutter = [(290, "N"), (291, "["), (305, "]"), (306, "N")]
    assert v(record(flutter, flutter)) == {"LTs": 1, "LTp": 1}


def test_a_run_that_goes_on_to_the_end_of_the_file_counts(record) -> None:
    made = beats("NVV")
    assert v(record(made, made)) == {"CTs": 1, "CTp": 1}
    assert v(record(made, made), stop_s=302.5) == {}


def test_nothing_annotated_is_nothing_found(record) -> None:
    assert v(record(beats("NVVN"), [])) == {"CFN": 1}
    assert v(record([], beats("NVVN"))) == {"CFP": 1}
