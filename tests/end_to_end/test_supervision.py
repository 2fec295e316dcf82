"""What a service manager and the person who sets it up see: ready, alive, and a check of every part."""

import json
import socket

import pytest

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(120)]


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """A systemd that only listens; `until(text)` gives all that was said before it."""
    path = tmp_path / "notify"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(path))
    listener.settimeout(60)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))

    def until(text: str) -> list[str]:
        said: list[str] = []
        while not said or text not in said[-1]:
            said.append(listener.recv(4096).decode())
        return said

    yield until
    listener.close()


def test_hub_and_edge_say_that_they_are_ready_and_alive(household, manager) -> None:
    household.start_hub()
    assert manager("READY=1") == ["READY=1"]
    manager("WATCHDOG=1")


def test_an_edge_is_ready_without_its_hub_and_says_what_waits(household, manager) -> None:
    household.write_edge("simulator://?hr=72&seconds=20")
    household.start_edge()
    assert manager("READY=1") == ["READY=1"]
    (status,) = [line for line in manager("connected;")[-1].splitlines() if line.startswith("STATUS=")]
    assert status.endswith("events wait for the hub")


def test_the_check_names_each_part_and_fails_where_one_would(household) -> None:
    household.write_edge("simulator://?hr=72")
    household.start_hub()
    household.wait_until(lambda: "1 devices" in household.log("hub"), "the hub runs")
    done = household.run("edge", "check", "--config", "edge.toml", "--json")
    found = {one["name"]: one["verdict"] for one in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    assert {found[name] for name in ("config", "storage", "model", "device")} == {"ok"}
    assert found["broker"] in {"ok", "warning"}

    (household.folder / "strap-1.password").write_text("wrong")
    household.write_edge("serial:///dev/nowhere?device=openview")
    done = household.run("edge", "check", "--config", "edge.toml", "--json", "--only", "broker,device")
    assert done.returncode == 1
    told = {one["name"]: one for one in json.loads(done.stdout)}
    assert told["broker"]["verdict"] == told["device"]["verdict"] == "failed"
    assert "/dev/nowhere" in told["device"]["text"]
