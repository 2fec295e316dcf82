"""Figures beside their bars: verdicts, the best peer, JSON and Markdown."""

import json

import pytest

from benchmarks.pages import markdown, result_page, summary_page
from benchmarks.results import Figure, Result, Table, from_json, to_json

V = Figure("V Se / +P", (96.0, 97.5), "10 V", (96.0, 97.0), peers={"a 1": (90.0, 99.0), "b 2": (95.0, 96.0)})
MEMORY = Figure("Memory", (210.0,), "", (200.0,), is_ceiling=True, unit="MB", peers={"a 1": (900.0,)})


@pytest.mark.parametrize(
    ("ours", "verdict"), [((96.0, 97.0), "met"), ((95.999, 99.0), "missed"), ((None, 99.0), "not measured")]
)
def test_a_bar_is_met_by_every_number_or_missed(ours, verdict) -> None:
    assert Figure("V", ours, "", (96.0, 97.0)).verdict == verdict
    assert Figure("V", ours, "").verdict == ""


def test_a_ceiling_is_met_from_below() -> None:
    assert MEMORY.verdict == "missed"
    assert Figure("Memory", (199.0,), "", (200.0,), is_ceiling=True).verdict == "met"


def test_the_best_peer_has_the_best_mean_and_was_measured_in_full() -> None:
    assert V.best_peer == "b 2"
    assert Figure("V", (1.0, 1.0), "", peers={"c 1": (100.0, None), **V.peers}).best_peer == "b 2"
    assert Figure("V", (1.0,), "").best_peer is None


def test_pages_hold_every_number_with_two_decimals_and_its_count() -> None:
    rows = {"100": {"n": 1234, "Se": 99.876}, "peer: not installed": {}}
    result = Result(
        "beats", "Beats", "command", ["a note"], [V, MEMORY], [Table("By record", "Record", rows)]
    )
    page, summary = result_page(result), summary_page([result], {"bundle": "x"})
    assert "1,234" in page
    assert "99.88" in page
    assert "* a note" in page
    assert "| peer: not installed |     – |     – |" in page
    assert "96.00 / 97.50 %" in summary
    assert "at most 200.00 MB" in summary
    assert "missed" in summary
    assert "b 2: 95.00 / 96.00 %" in summary


def test_tables_are_aligned() -> None:
    lines = markdown(["Record", "n"], [["100", "1"], ["101", "23,456"]])
    assert {len(line) for line in lines} == {len(lines[0])}
    assert lines[2] == "| 100    |      1 |"


def test_json_keeps_a_result_whole() -> None:
    result = Result("beats", "Beats", "command", ["note"], [V, MEMORY], [Table("t", "h", {"a": {"b": 1}})])
    assert from_json(json.loads(json.dumps(to_json(result)))) == result
