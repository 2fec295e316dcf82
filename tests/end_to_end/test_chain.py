"""Device to PDF, and everything that may go wrong on the way, with real processes and links."""

import json
import re
import shutil
import signal
import subprocess
import time
from collections import Counter

import pytest

from edge.labels import BeatClass
from edge.language_model import default_path
from hub.burden import period_statistics

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(180)]

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="no TeX: apt-get install texlive-latex-base"
)
needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="no pdftotext: apt-get install poppler-utils"
)


def play(household, record, speed: str = "max", **options) -> None:
    """From the record to the hub's database, straight through."""
    household.write_edge(f"replay://{record}?speed={speed}", **options)
    household.start_hub()
    household.start_edge()
    assert household.wait("edge") == 0, household.log("edge")


def facts(household):
    """What must be the same however often an edge was killed: episodes and minutes, by content."""
    episodes = Counter(
        (e.finding, e.onset_at, e.end_at, e.phase, tuple(sorted(e.beats.items())))
        for e in household.episodes()
    )
    return episodes, household.minutes()


@needs_tex
@needs_poppler
def test_from_the_bytes_of_a_strap_to_the_pages_of_a_pdf(household, short_record) -> None:
    uri = household.start_strap(short_record, "--speed", "8")
    household.write_edge(uri, model="default" if default_path().is_file() else "none")
    household.start_hub()
    household.start_edge()
    assert household.wait("edge", 120) == 0, household.log("edge")
    assert household.wait("strap") == 0

    stored = period_statistics(household.minutes(), household.episodes())
    assert stored.wear_s == pytest.approx(100, abs=1)
    assert 160 <= stored.total_beats <= 190
    told = json.loads(
        household.run("status", "--config", "hub.toml", "--json", "--since", "2026-01-01T00:00:00Z").stdout
    )
    assert told["patients"][0]["statistics"]["beats"] == stored.beats
    done = household.run("report", "--config", "hub.toml", "--patient", "patient-1", "--out", "report.pdf")
    assert done.returncode == 0, done.stderr
    text = subprocess.run(
        ["pdftotext", "-layout", household.folder / "report.pdf", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (printed,) = set(re.findall(r"Ventricular beats\s+(\d+)", text))
    assert int(printed) == stored.beats[BeatClass.VENTRICULAR] > 0
    statuses = {e.localization.status for e in household.episodes() if e.localization}
    assert statuses <= {"answered", "late", "absent", "dropped", "invalid"}
    assert all(e.localization for e in household.episodes() if e.strip)


def test_an_edge_killed_again_and_again_loses_nothing_and_tells_nothing_twice(
    household, toy_record, tmp_path_factory
) -> None:
    calm = type(household)(tmp_path_factory.mktemp("calm"))
    try:
        play(calm, toy_record)
    finally:
        calm.stop_all()
    household.write_edge(f"replay://{toy_record}?speed=40")
    household.start_hub()
    for _ in range(3):
        household.start_edge()
        time.sleep(3.5)
        household.kill("edge")
    household.start_edge()
    assert household.wait("edge") == 0, household.log("edge")
    assert facts(household) == facts(calm)
    assert [n.code for n in household.notices()].count("edge_restarted") >= 2


def test_a_strap_goes_on_while_the_edge_is_dead(household, toy_record) -> None:
    """What the body did meanwhile is lost, and counted; everything else is there once."""
    uri = household.start_strap(toy_record, "--speed", "10", "--seconds", "200")
    household.write_edge(uri)
    household.start_hub()
    household.start_edge()
    household.wait_until(lambda: sum(m.wear_s for m in household.minutes()) >= 60, "a minute is stored")
    household.kill("edge")
    household.start_edge()
    assert household.wait("edge") == 0, household.log("edge")
    wear_s = sum(minute.wear_s for minute in household.minutes())
    assert 100 < wear_s < 200
    beats = sum(sum(minute.beats.values()) for minute in household.minutes())
    assert beats == pytest.approx(wear_s * 1.75, rel=0.1)


def test_a_hub_that_comes_after_everything_gets_everything(household, short_record) -> None:
    household.write_edge(f"replay://{short_record}?speed=max")
    household.start_edge()
    household.wait_until(lambda: "events wait for the hub" in household.log("edge"), "the edge waits")
    assert household.episodes() == []
    household.start_hub()
    assert household.wait("edge") == 0, household.log("edge")
    assert sum(minute.wear_s for minute in household.minutes()) == pytest.approx(100, abs=0.01)
    assert household.episodes()


@pytest.mark.skipif(
    not (shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")), reason="no mosquitto installed"
)
def test_a_broker_that_has_it_is_not_yet_a_hub_that_has_it(household, short_record) -> None:
    """The broker takes every event and forgets it, since no hub has ever subscribed; nothing is lost."""
    (household.folder / "mosquitto.conf").write_text(
        f"listener {household.port} 127.0.0.1\nallow_anonymous true\n"
    )
    mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with subprocess.Popen(
        [mosquitto, "-c", household.folder / "mosquitto.conf"], stderr=subprocess.DEVNULL
    ) as broker:
        try:
            household.write_hub("external")
            household.write_edge(f"replay://{short_record}?speed=max")
            household.start_edge()
            household.wait_until(lambda: "events wait for the hub" in household.log("edge"), "the edge waits")
            time.sleep(1)
            household.start_hub()
            assert household.wait("edge") == 0, household.log("edge")
        finally:
            broker.kill()
    assert sum(minute.wear_s for minute in household.minutes()) == pytest.approx(100, abs=0.01)


def test_an_orderly_stop_ends_the_recording(household, short_record) -> None:
    household.write_edge(f"replay://{short_record}?speed=10")
    household.start_hub()
    household.start_edge()
    household.wait_until(lambda: household.episodes(), "an episode is stored")
    household.kill("edge", signal.SIGTERM)
    assert {episode.phase for episode in household.episodes()} == {"end"}
    assert "recording_ended" in {notice.code for notice in household.notices()}
    assert list(household.folder.glob("edge/recordings/*/open")) == []


def test_without_a_language_model_every_episode_says_so(household, short_record) -> None:
    play(household, short_record)
    assert {episode.localization.status for episode in household.episodes()} == {"absent"}
