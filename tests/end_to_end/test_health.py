"""What lasts at the edge or at the hub is seen by whoever looks, and is seen to end: with real processes."""

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager

import pytest

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(240)]

MARGIN, FILLER = 300_000_000, 800_000_000
MOSQUITTO = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")


@pytest.fixture
def broker(household):
    """Mosquitto, to be started and ended at will."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    config = household.folder / "mosquitto.conf"
    config.write_text(f"listener {household.port} 127.0.0.1\nallow_anonymous true\n")

    @contextmanager
    def running():
        with subprocess.Popen([MOSQUITTO, "-c", config], stderr=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.kill()

    household.write_hub("external")
    return running


def free_bytes(folder) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def limit(household, file: str, section: str, line: str) -> None:
    path = household.folder / file
    path.write_text(path.read_text().replace(f"[{section}]\n", f"[{section}]\n{line}\n"))


def until(household, condition, what: str, timeout_s: float = 60) -> None:
    """Looked at once a second, as each look is a process."""

    def holds() -> bool:
        time.sleep(1.0)
        return condition()

    household.wait_until(holds, what, timeout_s)


def seen(household):
    done = household.run("status", "--config", "hub.toml", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def troubles(household) -> dict[str, str]:
    """Of edge and hub, by code."""
    found = seen(household)
    devices = [device for person in found["patients"] for device in person["devices"]]
    return {one["code"]: one["text"] for watched in (*devices, found["hub"]) for one in watched["health"]}


def drawn(household, name: str) -> str:
    done = household.run("tui", "--config", "hub.toml", "--screenshot", name, "--size", "160x42")
    assert done.returncode == 0, done.stderr
    return (household.folder / name).read_text().replace("&#160;", " ").replace("&#x27;", "'")


def test_a_disk_that_fills_up_is_alarmed_at_the_hub_until_it_has_room_again(household, broker) -> None:
    """Edge and hub are on one disk here: both tell. Alerts and minutes go on, raw samples do not."""
    free = free_bytes(household.folder)
    if free < 2 * FILLER:
        pytest.skip("this disk is too full to be filled up")
    household.write_edge("simulator://?hr=72")
    limit(household, "edge.toml", "storage", f"reserve_megabytes = {(free - MARGIN) / 1e6:.0f}")
    limit(household, "hub.toml", "hub", f"least_free_megabytes = {(free - MARGIN) / 1e6:.0f}")
    expected = {"not_recording", "disk_low", "hub_disk_low"}
    with broker():
        household.start_hub()
        household.start_edge()
        until(household, lambda: online(household), "the edge is heard")
        assert not expected & set(troubles(household))

        filler = household.folder / "filler"
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, FILLER)
        until(household, lambda: expected <= set(troubles(household)), "the full disk is told")
        assert "raw ECG can be recorded for 0.0 h" in troubles(household)["disk_low"]
        (device,) = seen(household)["patients"][0]["devices"]
        assert device["alarm"] == "warning"
        assert device["headline"].startswith("RAW ECG IS NOT RECORDED")
        picture = drawn(household, "full.svg")
        assert "RAW ECG IS NOT RECORDED" in picture
        assert "THE HUB'S DISK IS NEARLY FULL" in picture

        filler.unlink()
        until(household, lambda: not expected & set(troubles(household)), "the disk has room again")
        assert seen(household)["patients"][0]["devices"][0]["alarm"] == "none"
        assert "RAW ECG IS NOT RECORDED" not in drawn(household, "room.svg")


def online(household) -> bool:
    people = seen(household)["patients"] if (household.folder / "hub.db").exists() else []
    devices = [device for person in people for device in person["devices"]]
    return any(device["state"] and device["state"]["analysable"] for device in devices)


def test_a_hub_that_cannot_take_in_says_so_or_its_silence_does(household, broker) -> None:
    with broker():
        household.start_hub()
        until(household, lambda: state_of_hub(household) == "running", "the hub's heart beats")
        assert troubles(household) == {}
    until(household, lambda: "broker_lost" in troubles(household), "the lost broker is told")
    with broker():
        until(household, lambda: troubles(household) == {}, "the broker is back", 90)
        household.kill("hub", signal.SIGTERM)
        assert state_of_hub(household) == "stopped"

        household.start_hub()
        until(household, lambda: state_of_hub(household) == "running", "the hub runs again")
        household.kill("hub", signal.SIGKILL)
        until(household, lambda: state_of_hub(household) == "silent", "the silence is told", 60)
        told = seen(household)["hub"]
        assert told["alarm"] == "warning"
        assert told["headline"].startswith("THE HUB HAS WRITTEN NOTHING FOR 3")
        assert told["headline"].split(" FOR ")[0] in drawn(household, "silent.svg")


def state_of_hub(household) -> str:
    return seen(household)["hub"]["state"] if (household.folder / "hub.db").exists() else ""
