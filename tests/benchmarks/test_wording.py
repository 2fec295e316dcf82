"""How answers to a wording are scored, and which windows are asked about."""

import pytest

from benchmarks.wording import cases, interval, report_score, table


def row(record: str, start_s: float, spans: dict[str, list[list[float]]], rate_bpm: int = 60) -> dict:
    beats = [{"at_s": i * 60 / rate_bpm, "beat_class": "N"} for i in range(rate_bpm // 6)]
    measured = {"duration_s": 10.0, "leads": ["I"], "beats": beats, "spans": [], "readable_s": 10.0}
    return {
        "database": "mitdb", "record": record, "held_out": True, "start_s": start_s, "leads": ["I"],
        "seconds": 10, "codes": [], "known": ["V", "A", "AFIB"], "spans": spans, "evidence": measured,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Ventricular ectopic beat at 1.0-2.0 s.", 1.0),
        ("Ventricular ectopic beat at 1.0-2.0 s. Supraventricular ectopic beat at 4.0-5.0 s.", 2 / 3),
        ("Atrial fibrillation at 0.0-10.0 s.", 0.0),
        ("No ventricular ectopic beat in this window.", 0.0),
        ("", 0.0),
    ],
)
def test_a_report_is_scored_by_the_waveforms_that_it_names(text, score) -> None:
    assert report_score(row("1", 0, {"V": [[1.0, 2.0]]}), text) == pytest.approx(score)


def test_where_nothing_is_nothing_need_be_named() -> None:
    assert report_score(row("1", 0, {}), "No abnormal waveform is seen.") == 1
    assert report_score(row("1", 0, {}), "Atrial fibrillation at 0.0-10.0 s.") == 0


ROWS = [
    row(str(record), start_s, {}, 60 + 30 * (start_s > 10)) for record in (1, 2) for start_s in (0, 20, 40)
]


def test_patients_come_in_turn_and_only_held_out_ones() -> None:
    others = [{**one, "held_out": False, "record": "3"} for one in ROWS]
    chosen = cases([*ROWS, *others], 4, 2)
    assert [len(case.rows) for case in chosen] == [1, 1, 1, 1, 2, 2]
    assert {one["record"] for case in chosen[:2] for one in case.rows} == {"1", "2"}
    assert all(case.rows[0]["record"] == case.rows[1]["record"] for case in chosen[4:])
    assert chosen == cases([*others, *ROWS][6:] + others, 4, 2)


def test_a_comparison_is_the_share_of_right_words_and_differences_are_paired() -> None:
    chosen = cases(ROWS, 0, 2)
    same = "rate same; rhythm same; ectopy same; intervals same"
    told = {n: [same, "rate higher; rhythm same; ectopy same", "", same] for n in range(2)}
    scores = [case.score(same) for case in chosen]
    assert all(score in (pytest.approx(2 / 3), 1.0) for score in scores)
    lines = list(table(chosen, told, 2))
    assert "| in use |" in lines[0]
    assert lines[3].endswith("| 0.0 (0.0 to 0.0) |")
    assert lines[2].split(" | ")[1] == "0.0 (0.0 to 0.0)"
    assert interval(scores_of(scores)).startswith(f"{100 * sum(scores) / 2:.1f} ")


def scores_of(scores: list[float]):
    import numpy as np

    return np.array(scores)
