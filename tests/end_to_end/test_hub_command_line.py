"""`hearth hub` and `hearth status` as a person meets them: what they show, and one line for each mistake."""

import json
import socket
import subprocess
from contextlib import closing

import pytest

from edge.events import (
    LiveState,
    encode,
)
from edge.topics import (
    availability_topic,
    state_topic,
)
from tests.end_to_end.hub_process import (
    HEARTH,
    START,
    WAIT_S,
    Hub,
    eventually,
    free_port,
    minute,
    mosquitto,
    mosquitto_config,
    need_mosquitto,
)

pytestmark = pytest.mark.end_to_end


def test_the_status_shows_devices_and_statistics(hub, device):
    state = LiveState(
        device_id="strap-1",
        patient_id="anna",
        at=START,
        link="connected",
        heart_rate_bpm=61,
        battery_percent=80,
    )
    device.publish(availability_topic("strap-1"), b"online", retain=True)
    device.publish(state_topic("strap-1"), encode(state), retain=True)
    device.send(minute(0), minute(1))
    eventually(device.is_confirmed, "both are confirmed")
    seen = json.loads(hub.status("--json", "--since", "2024-05-01", "--patient", "anna").stdout)
    (anna,) = seen["patients"]
    assert anna["statistics"]["beats"] == {"N": 120, "S": 0, "V": 2, "F": 0, "Q": 0}
    assert [(one["device_id"], one["availability"], one["freshness"]) for one in anna["devices"]] == [
        ("strap-1", "online", "fresh")
    ]
    assert seen["episodes"] == []
    text = hub.status("--since", "2024-05-01").stdout
    assert "strap-1: online, fresh; link connected, 61/min, battery 80 %" in text
    assert "strap-2: unknown, never heard" in text
    assert "beats N 120, V 2" in text
    unknown = hub.status("--patient", "clara")
    assert unknown.returncode == 2
    assert "'clara' is not known; known are: anna, berta" in unknown.stderr


def test_a_port_in_use_is_one_line_and_status_2(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        blocked = Hub(tmp_path, port, "")
        assert blocked.launch().wait(WAIT_S) == 2
    assert blocked.log().startswith(f"hearth: mqtt broker 127.0.0.1:{port}: the port is in use")
    assert blocked.log().count("\n") == 1


def test_status_before_the_first_run_creates_nothing(tmp_path):
    answer = Hub(tmp_path, 1883, "").status()
    assert answer.returncode == 2
    assert "hub.toml: hub.database:" in answer.stderr
    assert not (tmp_path / "hub.db").exists()


def test_check_finds_a_mistake_without_starting(tmp_path):
    hub = Hub(tmp_path, 1883, "")
    command = [HEARTH, "hub", "--config", hub.config, "--check"]
    assert subprocess.run(command, capture_output=True, timeout=WAIT_S, check=False).returncode == 0
    (tmp_path / "strap-2.password").chmod(0o644)
    answer = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert answer.returncode == 2
    assert answer.stderr.startswith("hearth: hub.toml: devices[1].password_file: ")


def test_a_wrong_password_is_one_line_and_status_2(tmp_path):
    need_mosquitto()
    port = free_port()
    hub = Hub(tmp_path, port, 'mode = "external"')
    (tmp_path / "hub.password").write_text("wrong")
    with mosquitto(mosquitto_config(tmp_path, port), port):
        assert hub.launch().wait(WAIT_S) == 2
    lines = [line for line in hub.log().splitlines() if line.startswith("hearth: ")]
    assert lines == [f"hearth: mqtt broker 127.0.0.1:{port} refused the hub as 'hub': Not authorized"]
    assert "Traceback" not in hub.log()
