"""What is wrong with an edge is said for as long as it lasts, and reads both ways between versions."""

import errno
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import tally as tally_module
from edge.disk_space import SpaceLimits
from edge.events import LiveState, MinuteEvent, encode
from edge.health import Trouble, TroubleCode
from edge.health_computer import Computer
from edge.health_machine import Machine
from edge.health_since import Since
from edge.messages import MessageWriter
from edge.recorder import RecorderReport
from edge.stream import MinuteSummary
from edge.tally import Tally
from edge.wearing import Wearing

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
LIVE = {"device_id": "d", "patient_id": "p", "at": AT, "link": "connected"}
RECORDED = MinuteSummary(
    start_ns=1_790_000_040 * 10**9,
    wear_s=60,
    analysable_s=60,
    beats={},
    rhythm_s={},
    mean_heart_rate_bpm=70,
    min_heart_rate_bpm=60,
    max_heart_rate_bpm=80,
    longest_rr_ms=1000,
)


CODES = st.from_regex(r"[a-z][a-z_]{0,39}", fullmatch=True)


@given(st.lists(st.builds(Trouble, code=CODES, since=st.just(AT), text=st.text()), max_size=40))
def test_a_state_with_troubles_goes_both_ways(troubles) -> None:
    state = LiveState(**LIVE, health=tuple(troubles) or None)
    assert LiveState.model_validate_json(encode(state)) == state


def test_a_healthy_state_is_as_it_was_and_an_older_one_is_read() -> None:
    assert b"health" not in encode(LiveState(**LIVE))
    assert LiveState.model_validate_json(encode(LiveState(**LIVE))).health is None


def test_what_a_newer_edge_says_more_is_passed_over() -> None:
    trouble = '{"code": "moon_too_near", "since": "2026-01-01T00:00:00Z", "text": "3 km", "how": 1}'
    said = encode(LiveState(**LIVE)).decode().removesuffix("}") + f', "health": [{trouble}], "tide": "high"}}'
    (read,) = LiveState.model_validate_json(said).health
    assert (read.code, read.text) == ("moon_too_near", "3 km")


def test_since_begins_anew_where_a_trouble_was_away() -> None:
    since, later, latest = Since(), AT + timedelta(minutes=1), AT + timedelta(minutes=2)
    assert [one.since for one in since.troubles({"cpu_hot": "81"}, AT)] == [AT]
    first, second = since.troubles({"cpu_hot": "82", "disk_low": "1 GB"}, later)
    assert (first.since, first.text, second.since) == (AT, "82", later)
    assert since.troubles({}, later) == ()
    assert [one.since for one in since.troubles({"cpu_hot": "83"}, latest)] == [latest]


@pytest.fixture
def linux(tmp_path) -> Path:
    """The files of a Raspberry Pi 4 that is well, as its kernel writes them."""
    files = {
        "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "sys/class/thermal/thermal_zone0/temp": "51121\n",
        "sys/class/thermal/thermal_zone1/type": "battery\n",
        "sys/class/thermal/thermal_zone1/temp": "99000\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
        "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
        "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
        "proc/meminfo": "MemTotal:  3884360 kB\nMemFree:  90000 kB\nMemAvailable:  2884360 kB\nHuge: 0\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_heat_has_to_go_well_below_its_limit_before_it_is_over(linux) -> None:
    computer, zone = Computer(linux), linux / "sys/class/thermal/thermal_zone0/temp"
    assert computer.troubles() == {}
    zone.write_text("80400\n")
    assert computer.troubles() == {"cpu_hot": "the processor has 80 °C (limit 80 °C)"}
    zone.write_text("78000\n")
    assert "cpu_hot" in computer.troubles()
    zone.write_text("74900\n")
    assert computer.troubles() == {}


@pytest.mark.parametrize(
    ("flags", "codes"),
    [("50005", ["under_voltage"]), ("50000", ["under_voltage_before"]), ("e0008", []), ("?", [])],
)
def test_the_firmware_tells_under_voltage_now_from_earlier(linux, flags, codes) -> None:
    (linux / "sys/devices/platform/soc/soc:firmware/get_throttled").write_text(flags)
    assert list(Computer(linux).troubles()) == codes


def test_the_driver_tells_under_voltage_where_the_firmware_is_not_asked(linux) -> None:
    (linux / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    (linux / "sys/class/hwmon/hwmon1/in0_lcrit_alarm").write_text("1\n")
    assert list(Computer(linux).troubles()) == ["under_voltage"]


def test_little_memory_is_told_with_numbers(linux) -> None:
    (linux / "proc/meminfo").write_text("MemTotal:  1024000 kB\nMemAvailable:  49000 kB\n")
    assert Computer(linux).troubles() == {"memory_low": "48 of 1000 MiB of memory are free"}


def test_a_computer_that_says_nothing_of_itself_is_not_judged(tmp_path) -> None:
    assert Computer(tmp_path).troubles() == {}
    Computer().troubles()  # and this one, whatever it has


def test_the_disk_is_low_by_the_recorders_own_limits(tmp_path, linux) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "000001.dat").write_bytes(bytes(900))
    enough = SpaceLimits(max_bytes=10**12, reserve_bytes=0)
    assert Machine(tmp_path, enough, lambda: 300.0, Computer(linux)).look() == {}
    nothing = SpaceLimits(max_bytes=1000, reserve_bytes=2 * free)
    found = Machine(tmp_path, nothing, lambda: 300.0, Computer(linux)).look()
    assert set(found) == {"disk_low", "quota_near"}
    assert "raw ECG can be recorded for 0.0 h" in found["disk_low"]


def test_no_recording_yet_is_no_trouble(tmp_path, linux) -> None:
    assert Machine(tmp_path / "none", SpaceLimits(), lambda: 1.0, Computer(linux)).look() == {}


@pytest.fixture
def tally() -> Tally:
    return Tally(MessageWriter("d", "p", UUID(int=7), 130.0, ("I",), {}), 130.0)


def test_raw_ecg_that_is_not_recorded_is_over_with_the_next_block_on_disk(tally) -> None:
    full = OSError(errno.ENOSPC, "the rest of the disk is kept for events")
    tally.add_write_error(full, 65)
    tally.flush(0)
    expected = "raw ECG cannot be written, it is only analysed: the rest of the disk is kept for events"
    assert tally.troubles() == {"not_recording": expected}
    tally.add_recorder(RecorderReport())
    assert tally.troubles() == {}


def test_what_went_wrong_is_a_trouble_for_a_while(tally, monkeypatch) -> None:
    tally.add_failed_analysis("no answer for 30 s", 0)
    tally.add_failed_analysis("no answer for 30 s", 65)
    tally.add_evicted(3)
    codes: set[TroubleCode] = {"analysis_restarted", "analysis_left_out", "outbox_full"}
    assert set(tally.troubles()) == codes
    assert tally.troubles()["analysis_left_out"] == "no answer for 30 s; 0.5 s could not be analysed"
    late_s = time.monotonic() + 601
    monkeypatch.setattr(tally_module.time, "monotonic", lambda: late_s)
    assert tally.troubles() == {}


def test_a_size_that_no_heart_has_is_a_trouble_while_it_lasts(tally) -> None:
    tally.implausible_qrs_mv = 24.1
    assert tally.troubles()["signal_too_large"].startswith("QRS complexes are 24.1 mV high")
    tally.implausible_qrs_mv = None
    assert tally.troubles() == {}


def test_a_low_battery_and_lost_skin_last_until_they_are_over() -> None:
    wearing, second = Wearing(), 10**9
    assert wearing.troubles() == {}
    wearing.hear_battery(12)
    wearing.hear_contact(contact=False, now_ns=second)
    wearing.hear_contact(contact=False, now_ns=40 * second)
    assert wearing.troubles()["battery_low"] == "the sensor's battery has 12 % left"
    assert "contact_lost" in wearing.troubles()
    wearing.hear_battery(80)
    wearing.hear_contact(contact=True, now_ns=41 * second)
    assert wearing.troubles() == {}


@pytest.mark.parametrize(("leads", "measured_by"), [(("I",), None), ((), "intervals")])
def test_a_minute_says_that_it_was_measured_by_intervals_alone(leads, measured_by) -> None:
    minute = MessageWriter("d", "p", UUID(int=7), 130.0, leads, {}).minute(RECORDED)
    assert minute.measured_by == measured_by
    assert (b"measured_by" in encode(minute)) == (measured_by is not None)
    assert MinuteEvent.model_validate_json(encode(minute)) == minute
