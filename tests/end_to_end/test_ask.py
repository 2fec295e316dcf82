"""A question about the signal: from the command through the broker to the edge that records, and back."""

import json
import signal
import subprocess
import sys
import time

import pytest

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]

ASK = """
import sys
from argparse import ArgumentParser
from hub.commands import ask
parser = ArgumentParser()
ask.add_arguments(parser)
sys.exit(ask.run(parser.parse_args()))
"""


def ask(household, question, *options):
    """The answer as JSON, and how long it took."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", ASK, question, "--config", "hub.toml", "--json", *options],
        capture_output=True,
        text=True,
        cwd=household.folder,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout), time.monotonic() - began


@pytest.fixture
def recording(household, toy_record):
    """A household whose edge replays a record at three times its speed, and has an episode."""
    household.write_edge(f"replay://{toy_record}?speed=3")
    household.start_hub()
    household.start_edge()
    household.wait_until(lambda: household.episodes(), "an episode is stored", 120)
    return household


def test_the_edge_looks_at_the_signal_while_it_records(recording) -> None:
    said, took_s = ask(recording, "What do you see in the last 20 seconds?", "--deadline", "20")
    assert said["status"] == "answered", said
    assert took_s < 20
    heard = said["signal"]
    assert "heart rate" in heard["text"]
    assert "ventricular ectopic beat" in heard["text"]
    assert heard["evidence"][0]["seconds"] == pytest.approx(20, abs=1)
    assert {found["finding"] for found in heard["findings"]} >= {"V"}

    episode = recording.episodes()[0]
    said, _ = ask(recording, f"look at episode {episode.episode_id.hex[:8]}")
    assert said["status"] == "answered", said
    assert episode.episode_id.hex[:8] in said["sentences"][0]
    assert said["signal"]["evidence"][0]["start_at"].startswith("2026-01-05T08:0")

    recording.kill("edge", signal.SIGTERM)
    worn_s = sum(minute.wear_s for minute in recording.minutes())
    recorded_s = (
        sum(path.stat().st_size for path in recording.folder.glob("edge/recordings/*/*.dat")) / 2 / 360
    )
    assert worn_s == pytest.approx(recorded_s, abs=0.01)

    said, took_s = ask(recording, "what do you see now?", "--deadline", "20")
    assert said["status"] == "absent"
    assert "stopped" in said["sentences"][0]
    assert took_s < 20


def test_late_unknown_and_absent_are_told_apart(recording) -> None:
    """The first question loads a model, which takes longer than its deadline."""
    said, took_s = ask(recording, "is this AF right now?", "--deadline", "0.02")
    assert said["status"] == "late", said
    assert took_s < 20

    said, _ = ask(recording, "look at the ECG at 3:20 on 2026-01-04")
    assert said["status"] == "no_signal", said

    recording.kill("edge")
    recording.wait_until(lambda: "offline" in availability(recording), "the broker tells the last will")
    said, took_s = ask(recording, "is this AF right now?", "--deadline", "5")
    assert said["status"] == "absent"
    assert took_s < 20


def test_what_is_recorded_is_answered_after_the_recording_has_ended(household, short_record) -> None:
    household.write_edge(f"replay://{short_record}?speed=max")
    household.start_hub()
    household.start_edge()
    assert household.wait("edge") == 0
    said, _ = ask(household, "look at the ECG at 8:01 on 2026-01-05", "--deadline", "20")
    assert said["status"] == "absent"

    household.start("edge", "edge", "--config", "edge.toml", "--answer")
    household.wait_until(lambda: "online" in availability(household), "the edge is online")
    said, _ = ask(household, "look at the ECG at 8:01 on 2026-01-05", "--deadline", "20")
    assert said["status"] == "answered", said
    assert said["signal"]["evidence"][0]["start_at"].startswith("2026-01-05T08:0")
    assert "heart rate" in said["signal"]["text"]
    assert "Median intervals: " in said["signal"]["text"]
    household.kill("edge", signal.SIGTERM)
    household.wait_until(lambda: "stopped" in availability(household), "the edge says that it was stopped")


def availability(household):
    seen = household.run("status", "--config", "hub.toml", "--json")
    return json.loads(seen.stdout)["patients"][0]["devices"][0]["availability"]


def test_the_history_is_answered_without_edge_and_hub(household, short_record) -> None:
    household.write_edge(f"replay://{short_record}?speed=max")
    household.start_hub()
    household.start_edge()
    assert household.wait("edge") == 0
    household.kill("hub", signal.SIGTERM)
    said, _ = ask(household, "how many PVCs?")
    assert said["status"] == "answered"
    assert "ventricular beats of" in said["sentences"][0]
    said, _ = ask(household, "how many PVCs today?")
    assert said["status"] == "no_data"
    assert "latest data end Mon 05 Jan" in said["sentences"][0]
