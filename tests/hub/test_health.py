"""What lasts is as loud as its code says, on the screen, in the status and in the report alike."""

import json
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest

from edge.events import LiveState, MinuteEvent
from edge.health import Trouble, TroubleCode
from hub.config import load
from hub.health import KNOWN, Alarm, combined, judged, worth_telling
from hub.heartbeat import Heartbeat, disk_trouble
from hub.hub_watch import watch_of_hub
from hub.records import DeviceStatus, HubStatus
from hub.report.content import Options, Period, gather
from hub.report.document import make_pdf
from hub.status import lines, overview
from hub.store import Store
from hub.tui.app import DashboardApp
from hub.tui.device_screen import DeviceScreen
from hub.tui.source import Source
from hub.watch import watch_of

NOW = datetime.now(UTC)
STALE = (timedelta(minutes=15), timedelta(minutes=30))


def trouble(code, minutes=12, text="0.21 GB are left"):
    return Trouble(code=code, since=NOW - timedelta(minutes=minutes), text=text)


def state(*health, **changes):
    fields = {"link": "connected", "contact": True, "analysable": True, "heart_rate_bpm": 71, **changes}
    return LiveState(device_id="strap-1", patient_id="anna", at=NOW, health=health or None, **fields)


def watched(live, heard_at=NOW, availability="online"):
    return watch_of("strap-1", DeviceStatus("strap-1", "anna", availability, heard_at, live), NOW, STALE)


def test_every_code_has_its_words_and_its_loudness():
    assert set(KNOWN) == set(get_args(TroubleCode))


def test_every_code_is_explained():
    page = (Path(__file__).parents[2] / "docs" / "operation.md").read_text(encoding="utf-8")
    loudness = {Alarm.NONE: "listed only"}
    for code, (alarm, _) in KNOWN.items():
        assert f"| `{code}` | {loudness.get(alarm, alarm.name.lower())} |" in page


def test_a_code_of_a_newer_edge_is_a_warning():
    (one,) = judged([trouble("moon_too_near")])
    assert (one.alarm, one.headline) == (Alarm.WARNING, "MOON TOO NEAR")


def test_a_warning_is_written_large_and_the_loudest_comes_first():
    found = judged([trouble("quota_near"), trouble("disk_low"), trouble("analysis_stalled")])
    assert [one.code for one in found] == ["analysis_stalled", "disk_low", "quota_near"]
    assert found[0].headline == "THE ANALYSIS STANDS STILL: no alarm can come"
    assert found[2].headline.startswith("The recordings")


def test_notes_are_silent_beside_a_warning():
    said = combined((Alarm.NOTE, "note"), (Alarm.NONE, "none"), (Alarm.WARNING, "w"), (Alarm.URGENT, "u"))
    assert said == (Alarm.URGENT, "u; w")
    assert combined((Alarm.NOTE, "note"), (Alarm.NONE, "x")) == (Alarm.NOTE, "note")
    assert combined((Alarm.NONE, "")) == (Alarm.NONE, "")


def test_a_device_in_trouble_is_not_calm_though_it_watches():
    watch = watched(state(trouble("not_recording"), trouble("language_model_absent")))
    assert (watch.alarm, watch.word, watch.is_live, watch.rate_bpm) == (Alarm.WARNING, "trouble", True, 71)
    assert watch.headline == "RAW ECG IS NOT RECORDED: it is analysed, and then lost"
    assert [one.code for one in watch.troubles] == ["not_recording", "language_model_absent"]
    assert watched(state(trouble("quota_near"))).alarm is Alarm.NONE


def test_the_heart_comes_before_the_disk():
    watch = watched(state(trouble("disk_low"), open_findings=("ventricular_tachycardia",)))
    assert watch.alarm is Alarm.URGENT
    assert watch.headline.startswith("VENTRICULAR TACHYCARDIA NOW; THE HOME COMPUTER'S DISK")


def test_a_word_from_a_time_to_come_is_no_word_of_now():
    watch = watched(state(), heard_at=NOW + timedelta(hours=2))
    assert (watch.alarm, watch.word, watch.is_live, watch.rate_bpm) == (Alarm.WARNING, "stale", False, None)
    assert watch.headline == "NOTHING HEARD SINCE THE CLOCK WAS SET BACK"


def test_a_lost_sensor_says_since_when_and_once():
    watch = watched(state(trouble("link_lost"), link="lost"))
    assert watch.headline == "SENSOR LOST FOR 12 min: the edge runs, the sensor is out of reach"
    watch = watched(state(trouble("contact_lost"), contact=False))
    assert watch.headline == "NO SKIN CONTACT FOR 12 min: the strap is off or dry"


def test_of_a_silent_device_silence_is_the_headline():
    watch = watched(state(trouble("disk_low")), heard_at=NOW - timedelta(minutes=20))
    assert watch.headline == "NOTHING HEARD FOR 20 min"
    assert [one.code for one in watch.troubles] == ["disk_low"]


@pytest.fixture
def config(hub_toml):
    return load(hub_toml("anna"))


@pytest.fixture
def store(config):
    with Store.open(config.database_url + "?timeout=0.1") as opened:
        opened.ensure_patient("anna", "Anna Berger")
        yield opened


def test_the_hub_is_judged_by_its_heartbeat(config):
    def judge(seconds, *health, is_running=True):
        status = HubStatus(NOW - timedelta(seconds=seconds), is_running, health)
        watch = watch_of_hub(status, NOW, config)
        return watch.alarm, watch.headline

    assert judge(4) == (Alarm.NONE, "")
    assert judge(4, trouble("broker_lost"))[1].startswith("THE HUB CANNOT REACH ITS BROKER")
    assert judge(40)[0] is Alarm.WARNING
    assert judge(40)[1].startswith("THE HUB HAS WRITTEN NOTHING FOR 40 s: ")
    assert judge(-3600)[1].startswith("THE HUB HAS WRITTEN NOTHING SINCE THE CLOCK WAS SET BACK: ")
    assert judge(31 * 60)[0] is Alarm.URGENT
    assert judge(31 * 60, is_running=False)[0] is Alarm.NOTE
    assert watch_of_hub(None, NOW, config).alarm is Alarm.NONE


def test_a_beat_says_what_is_wrong_since_when_and_the_last_one_that_it_is_the_end(store):
    found = {"broker_lost": "refused"}
    heart = Heartbeat(store, lambda: found, every_s=0.02)
    heart.start()
    first = eventually(store.hub)
    time.sleep(0.1)
    later = store.hub()
    assert later.alive_at > first.alive_at
    assert later.health == first.health
    found = {}
    heart.stop()
    assert (store.hub().is_running, store.hub().health) == (False, ())


def eventually(get):
    deadline = time.monotonic() + 10
    while (got := get()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return got


def test_a_database_that_cannot_be_written_shows_by_the_age_of_the_last_beat(store, tmp_path, caplog):
    heart = Heartbeat(store, dict)
    heart.beat(is_running=True)
    written_at = store.hub().alive_at
    with closing(sqlite3.connect(tmp_path / "hub.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        heart.beat(is_running=True)
        heart.beat(is_running=True)
    assert store.hub().alive_at == written_at
    assert [record.getMessage() for record in caplog.records if "locked" in record.getMessage()] == [
        "database: database is locked; nobody sees that the hub runs"
    ]
    heart.beat(is_running=True)
    assert store.hub().alive_at > written_at


def test_the_disk_of_the_hub(tmp_path):
    assert disk_trouble(tmp_path, 0) == {}
    assert "GB are free" in disk_trouble(tmp_path, 1e18)["hub_disk_low"]
    assert disk_trouble(None, 1e18) == disk_trouble(tmp_path / "none", 1e18) == {}


def test_the_status_has_it_for_machines_and_for_people(store, config):
    store.set_state(state(trouble("disk_low")), NOW)
    store.set_availability("strap-1", "online", NOW)
    store.set_hub(HubStatus(NOW, is_running=True, health=(trouble("broker_lost", text="refused"),)))
    seen = json.loads(json.dumps(overview(store, config, NOW, NOW, None)))
    (device,) = seen["patients"][0]["devices"]
    assert device["alarm"] == "warning"
    assert [(one["code"], one["alarm"]) for one in device["health"]] == [("disk_low", "warning")]
    assert seen["hub"]["health"][0]["code"] == "broker_lost"
    said = "\n".join(lines(seen, latest=3))
    assert "warning: THE HOME COMPUTER'S DISK IS NEARLY FULL" in said
    assert ": 0.21 GB are left" in said
    assert "warning: THE HUB CANNOT REACH ITS BROKER: nothing comes in" in said


def test_how_long_something_lasted_stays_known(store, config):
    """A retained state says nothing about now; two spells of the same trouble are two."""
    first, second = trouble("cpu_hot", 50, "81 °C"), trouble("cpu_hot", 9, "80 °C")
    for minutes, said in (
        (50, first),
        (30, first.model_copy(update={"text": "84 °C"})),
        (9, second),
        (4, second),
    ):
        store.set_state(state(said), NOW - timedelta(minutes=minutes))
    store.set_state(state(trouble("disk_low", 4)), NOW, heard=False)
    store.set_state(state(trouble("memory_low", 3)), NOW - timedelta(minutes=3))
    told = store.troubles("anna", NOW - timedelta(minutes=40), NOW)
    lasted = [(one.trouble.code, one.trouble.text, one.heard_at - one.trouble.since) for one in told]
    assert lasted == [
        ("cpu_hot", "84 °C", timedelta(minutes=20)),
        ("cpu_hot", "80 °C", timedelta(minutes=5)),
        ("memory_low", "0.21 GB are left", timedelta()),
    ]
    assert [one.trouble.code for one in worth_telling(told)] == ["cpu_hot", "cpu_hot"]
    assert store.troubles("anna", NOW - timedelta(minutes=29), NOW - timedelta(minutes=20)) == []
    assert store.troubles("josef", NOW - timedelta(days=1), NOW) == []


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_the_report_says_what_was_wrong_and_for_how_long(store):
    said = trouble("under_voltage", 50, "the supply voltage is too low: 100 % & more")
    for minutes in (50, 8):
        store.set_state(state(said), NOW - timedelta(minutes=minutes))
    pdf = make_pdf(gather(store, "anna", Period(NOW - timedelta(days=7), NOW), UTC, Options()))
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    page = " ".join(done.stdout.decode().split())
    assert "What was wrong with the devices" in page
    assert "42 min 00 s" in page
    assert "100 % & more" in page


async def test_the_dashboard_raises_it_lists_it_and_lets_it_go(store, config):
    heard_at = datetime.now(UTC)
    store.set_state(state(trouble("disk_low"), trouble("clock_unsynchronised", text="off")), heard_at)
    store.set_availability("strap-1", "online", heard_at)
    app = DashboardApp(Source(config))
    async with app.run_test(size=(120, 36)) as pilot:
        await app.shown.wait()
        await pilot.pause(0.6)
        assert "Anna Berger: THE HOME COMPUTER'S DISK IS NEARLY FULL" in shown(app)
        assert "▲ trouble" in shown(app)
        await pilot.press("d")
        await pilot.pause()
        assert isinstance(app.screen, DeviceScreen)
        assert "0.21 GB are left" in shown(app)
        assert "○ since" in shown(app)
        store.set_hub(HubStatus(datetime.now(UTC), is_running=True, health=(trouble("hub_disk_low"),)))
        store.set_state(state(), datetime.now(UTC))
        await pilot.pause(1.6)
        assert "nothing is told to be wrong" in shown(app)
        assert "THE HUB'S DISK IS NEARLY FULL" in shown(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "● online" in shown(app)


def shown(app):
    return "\n".join(row.text for row in app.screen._compositor.render_strips())


async def test_the_figures_list_what_was_wrong(store, config):
    ids = {"event_id": UUID(int=1), "recording_id": UUID(int=2), "device_id": "strap-1", "patient_id": "anna"}
    measured = {"wear_s": 60, "analysable_s": 60, "beats": {}, "rhythm_s": {}}
    store.add_event(MinuteEvent(**ids, **measured, start_at=NOW - timedelta(minutes=1)), NOW)
    for minutes in (50, 8):
        store.set_state(state(trouble("cpu_hot", 50, "84 °C")), NOW - timedelta(minutes=minutes))
    app = DashboardApp(Source(config))
    async with app.run_test(size=(120, 40)) as pilot:
        await app.shown.wait()
        await pilot.press("f")
        await pilot.pause()
        assert "for 42 min 00 s: The home computer is too hot (84 °C)" in " ".join(shown(app).split())


async def test_the_clock_may_strike_once_more_while_the_dashboard_closes(store, config):
    app = DashboardApp(Source(config))
    async with app.run_test():
        pass
    assert not app.screen_stack
    app._beat()
