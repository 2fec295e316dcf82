"""The dashboard's timeline: what a column of many minutes shows, and which mark is on top."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
import pytest

from edge.labels import DEFAULT_PRIORITY, BeatClass, Finding, Rhythm
from hub.burden import period_statistics
from hub.model_words import model_words
from hub.records import Episode, Minute, Patient
from hub.tui import colours
from hub.tui.timeline import draw, rate_columns, signal_columns
from hub.tui.view import History

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def minute(index: int, mean_bpm: float | None = 70.0, wear_s: float = 60, analysable_s: float = 60) -> Minute:
    beats = {BeatClass.NORMAL: 70}
    rhythm_s = {Rhythm.NON_AF: analysable_s}
    start_at = AT + timedelta(minutes=index)
    return Minute(start_at, wear_s, analysable_s, beats, rhythm_s, mean_bpm, 60.0, 90.0, 900.0)


def episode(finding: Finding, at: datetime) -> Episode:
    end = at + timedelta(seconds=2)
    return Episode(
        uuid5(UUID(int=1), f"{finding} {at}"), "strap-1", "p1", finding, DEFAULT_PRIORITY[finding], "end", at,
        end, end, "ended", {}, None, None, 0.9, ("rule",), None, None,
    )  # fmt: skip


def history(minutes: list[Minute], episodes: list[Episode]) -> History:
    end = minutes[-1].start_at + timedelta(minutes=1)
    statistics = period_statistics(minutes, episodes)
    patient = Patient("p1", "Eva")
    return History(
        patient, AT, end, end, statistics, tuple(minutes), tuple(episodes), (), (), model_words(episodes, ())
    )


def test_the_line_is_the_mean_of_the_minutes_and_the_band_holds_them_all() -> None:
    low, mean, high = rate_columns([minute(0, 60.0), minute(1, 80.0), minute(2, None), minute(3, 100.0)], 2)
    assert mean == pytest.approx([70.0, 100.0])
    assert (low.min(), high.max()) == (60.0, 90.0)


def test_a_gap_stays_a_gap() -> None:
    _, mean, _ = rate_columns([minute(0), minute(9)], 10)
    assert np.flatnonzero(~np.isnan(mean)).tolist() == [0, 9]


def test_signal_says_unreadable_and_absent() -> None:
    minutes = [minute(0), minute(1, analysable_s=10), minute(3)]
    assert signal_columns(minutes, 4) == ["read", "worn", "none", "read"]


def test_intervals_without_an_ecg_do_not_look_like_one() -> None:
    alone = [
        replace(minute(1), measured_by="intervals"),
        replace(minute(2, analysable_s=1), measured_by="intervals"),
    ]
    assert signal_columns([minute(0), *alone], 3) == ["read", "intervals", "worn"]


@pytest.mark.parametrize("newest_first", [True, False])
def test_on_few_rows_the_most_urgent_mark_is_on_top(newest_first: bool) -> None:
    found = [
        episode(Finding.VENTRICULAR_COUPLET, AT + timedelta(minutes=5, seconds=40)),
        episode(Finding.VENTRICULAR_TACHYCARDIA, AT + timedelta(minutes=5, seconds=30)),
        episode(Finding.PAUSE, AT + timedelta(minutes=5, seconds=20)),
    ]
    minutes = [minute(index) for index in range(60)]
    shown = history(minutes, found if newest_first else found[::-1])
    marks = draw(shown, UTC, 40, 5).text().plain.splitlines()[-1]
    assert marks.removeprefix("marks").split() == [colours.PRIORITY_MARKS[found[1].priority]]


def test_on_many_rows_each_priority_has_its_lane() -> None:
    found = [episode(Finding.PAUSE, AT), episode(Finding.VENTRICULAR_TACHYCARDIA, AT)]
    rows = draw(history([minute(0), minute(1)], found), UTC, 60, 12).text().plain.splitlines()
    lanes = [row.split() for row in rows[-5:]]
    assert [lane[0] for lane in lanes] == ["ecg", "high", "med", "low", "info"]
    assert [len(lane) for lane in lanes] == [2, 2, 2, 1, 1]
