"""Numbers worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from edge.labels import BeatClass, Finding, Priority, Rhythm
from hub.burden import Extreme, hour_statistics, period_statistics
from hub.records import Episode, Minute

T0 = datetime(2024, 5, 1, 10, 58, tzinfo=UTC)


def minute(number, wear_s, analysable_s, beats, af_s=0.0, rates=(None, None, None), longest_rr_ms=None):
    mean, slowest, fastest = rates
    return Minute(
        start_at=T0 + timedelta(minutes=number),
        wear_s=wear_s,
        analysable_s=analysable_s,
        beats=beats,
        rhythm_s={Rhythm.ATRIAL_FIBRILLATION: af_s, Rhythm.NON_AF: analysable_s - af_s},
        mean_heart_rate_bpm=mean,
        min_heart_rate_bpm=slowest,
        max_heart_rate_bpm=fastest,
        longest_rr_ms=longest_rr_ms,
    )


def episode(finding):
    return Episode(
        episode_id=uuid4(),
        device_id="strap-1",
        patient_id="anna",
        finding=finding,
        priority=Priority.LOW,
        phase="end",
        onset_at=T0,
        observed_until_at=T0,
        end_at=T0,
        end_reason="ended",
        beats={},
        heart_rate_bpm=None,
        longest_rr_ms=None,
        confidence=1.0,
        seen_by=("rule",),
        strip=None,
        localization=None,
    )


MINUTES = [
    minute(0, 60, 60, {BeatClass.NORMAL: 60}, 0, (60.0, 55.0, 66.0), 1100),
    minute(1, 60, 30, {BeatClass.NORMAL: 30, BeatClass.VENTRICULAR: 8}, 15, (90.0, 50.0, 140.0), 1900),
    minute(2, 30, 0, {}),
    minute(3, 60, 60, {BeatClass.NORMAL: 60, BeatClass.SUPRAVENTRICULAR: 2}, 30, (75.0, 70.0, 80.0), 900),
]


def test_a_period_is_summed():
    stats = period_statistics(
        MINUTES, [episode(Finding.PAUSE), episode(Finding.PAUSE), episode(Finding.BRADYCARDIA)]
    )
    assert (stats.wear_s, stats.analysable_s) == (210, 150)
    assert stats.beats == {"N": 150, "S": 2, "V": 8, "F": 0, "Q": 0}
    assert stats.total_beats == 160
    assert stats.ventricular_percent == 5.0
    assert stats.supraventricular_percent == 1.25
    assert (stats.af_s, stats.af_percent) == (45, 30.0)
    assert stats.episodes == {Finding.PAUSE: 2, Finding.BRADYCARDIA: 1}


def test_the_mean_rate_is_weighted_by_analysable_time():
    by_hand = (60 * 60 + 90 * 30 + 75 * 60) / 150
    assert period_statistics(MINUTES, []).mean_heart_rate_bpm == pytest.approx(by_hand)
    assert by_hand == 72


def test_extremes_name_their_minute():
    stats = period_statistics(MINUTES, [])
    assert stats.min_heart_rate == Extreme(50.0, T0 + timedelta(minutes=1))
    assert stats.max_heart_rate == Extreme(140.0, T0 + timedelta(minutes=1))
    assert stats.longest_rr_ms == Extreme(1900, T0 + timedelta(minutes=1))


def test_beats_without_a_class_make_no_burden_smaller():
    by_ecg = minute(0, 60, 60, {BeatClass.NORMAL: 90, BeatClass.VENTRICULAR: 10})
    by_intervals = minute(1, 60, 60, {BeatClass.UNKNOWN: 100})
    assert period_statistics([by_ecg, by_intervals], []).ventricular_percent == 10.0
    alone = period_statistics([by_intervals], [])
    assert (alone.ventricular_percent, alone.classified_beats, alone.total_beats) == (None, 0, 100)


def test_nothing_recorded_is_unknown_and_not_zero_percent():
    stats = period_statistics([], [])
    assert (stats.wear_s, stats.total_beats, stats.af_s) == (0, 0, 0)
    assert stats.ventricular_percent is None
    assert stats.af_percent is None
    assert stats.mean_heart_rate_bpm is None
    assert stats.min_heart_rate is None


def test_worn_but_not_readable_is_unknown_too():
    stats = period_statistics([minute(0, 60, 0, {})], [])
    assert stats.wear_s == 60
    assert stats.af_percent is None
    assert stats.mean_heart_rate_bpm is None


def test_each_clock_hour_has_its_row():
    ten, eleven = hour_statistics(reversed(MINUTES))
    assert ten.hour_start_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert (ten.wear_s, ten.analysable_s, ten.af_s) == (120, 90, 15)
    assert ten.beats[BeatClass.VENTRICULAR] == 8
    assert ten.mean_heart_rate_bpm == pytest.approx(70.0)
    assert (ten.min_heart_rate_bpm, ten.max_heart_rate_bpm) == (50.0, 140.0)
    assert eleven.hour_start_at == datetime(2024, 5, 1, 11, tzinfo=UTC)
    assert (eleven.wear_s, eleven.mean_heart_rate_bpm) == (90, 75.0)


def test_minutes_in_parts_add_up_to_the_whole():
    whole = period_statistics(MINUTES, [])
    parts = [period_statistics(MINUTES[:2], []), period_statistics(MINUTES[2:], [])]
    assert sum(part.total_beats for part in parts) == whole.total_beats
    assert sum(part.af_s for part in parts) == whole.af_s


def test_time_by_intervals_alone_is_told_apart():
    rows = [minute(0, 60.0, 55.0, {}), replace(minute(1, 42.0, 40.0, {}), measured_by="intervals")]
    stats = period_statistics(rows, ())
    assert (stats.intervals_s, stats.wear_s) == (42.0, 102.0)
