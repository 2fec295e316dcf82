"""A strap that sends intervals and no waveform, from its bytes to the screen and the report."""

import shutil
import subprocess

import numpy as np
import pytest

from edge.interval_journal import IntervalJournal, interval_files
from edge.labels import Finding, Rhythm
from edge.stream import NS_PER_S
from firmware_bridge.packets import HeartRate
from hub.burden import period_statistics

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(180)]
NO_STRIP = "Found by RR intervals alone"


def made_up_rr_ms():
    rng = np.random.default_rng(8)
    sinus = 850 + 25 * np.sin(np.arange(280) / 5) + 10 * rng.standard_normal(280)
    fibrillation = rng.gamma(16, 42, 300).clip(330, 1700)
    return [*sinus, *fibrillation, *sinus]


@pytest.fixture
def capture(tmp_path):
    """Eleven minutes, with atrial fibrillation in the middle."""
    (tmp_path / "made").mkdir()
    journal, elapsed_ms = IntervalJournal(tmp_path / "made"), 0.0
    for rr_ms in made_up_rr_ms():
        elapsed_ms += rr_ms
        heard_ns = 1_760_000_040 * NS_PER_S + round(elapsed_ms * 1e6)
        journal.add(HeartRate(round(60_000 / rr_ms), (rr_ms,), contact=True), heard_ns)
    journal.close()
    (path,) = interval_files(tmp_path / "made")
    return path


def it_says_so_on_screen_and_in_answers(household):
    screen = ("--screenshot", "episode.svg", "--episode", "first", "--size", "160x42")
    shown = household.run("tui", "--config", "hub.toml", *screen)
    assert shown.returncode == 0, shown.stderr
    drawn = (household.folder / "episode.svg").read_text().replace("&#160;", " ")
    assert NO_STRIP in drawn
    status = household.run("status", "--config", "hub.toml", "--since", "2025-01-01")
    assert "by RR intervals alone)" in status.stdout
    asked = household.run("ask", "how long was it worn?", "--config", "hub.toml")
    assert "(all of it by RR intervals alone, without an ECG)" in asked.stdout


def it_says_so_in_the_report(household):
    report = (
        "--patient",
        "patient-1",
        "--out",
        "report.pdf",
        "--from",
        "2025-01-01",
        "--to",
        "2027-01-01",
    )
    done = household.run("report", "--config", "hub.toml", *report)
    assert done.returncode == 0, done.stderr
    text = subprocess.run(
        ["pdftotext", "-layout", household.folder / "report.pdf", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert NO_STRIP in " ".join(text.split())
    assert "by RR intervals alone, no ECG" in text
    assert "the strap sent no ECG but the times between beats" in " ".join(text.split())
    assert "* By RR intervals alone, at least in part" in text


def test_fibrillation_reaches_the_hub_without_a_strip_and_says_so(household, capture) -> None:
    household.write_edge(f"capture://{capture}?device=heart_rate&speed=max")
    household.start_hub()
    household.start_edge()
    assert household.wait("edge") == 0, household.log("edge")
    (episode,) = household.episodes()
    assert (episode.finding, episode.strip, episode.seen_by) == (
        Finding.ATRIAL_FIBRILLATION,
        None,
        ("intervals",),
    )
    minutes = household.minutes()
    assert sum(minute.rhythm_s.get(Rhythm.ATRIAL_FIBRILLATION, 0) for minute in minutes) > 100
    assert {minute.measured_by for minute in minutes} == {"intervals"}
    stats = period_statistics(minutes, household.episodes())
    assert stats.intervals_s == stats.wear_s > 600
    assert stats.total_beats > 800
    assert (stats.ventricular_percent, stats.classified_beats) == (None, 0)
    started = [notice.text for notice in household.notices() if notice.code == "recording_started"]
    assert started == ["heart_rate: RR intervals alone, no ECG; rhythm by intervals, without strips"]
    (folder,) = (household.folder / "edge" / "recordings").iterdir()
    assert sum(path.stat().st_size for path in interval_files(folder)) > 10_000
    it_says_so_on_screen_and_in_answers(household)
    if shutil.which("pdflatex") and shutil.which("pdftotext"):
        it_says_so_in_the_report(household)
