"""`hearth hub` as a process, with the embedded broker and with Mosquitto; a paho client is the device."""

import json
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.events import (
    LiveState,
    MinuteEvent,
    Receipt,
    encode,
)
from edge.labels import BeatClass
from edge.topics import (
    availability_topic,
    event_topic,
    receipt_topic,
    state_topic,
)
from hub.store import Store

pytestmark = pytest.mark.end_to_end

CONFIGS = Path(__file__).parents[2] / "configs"
HEARTH = Path(sys.executable).with_name("hearth")
PASSWORDS = {"hub": "hub secret", "strap-1": "one", "strap-2": "two"}
START = datetime(2024, 5, 1, tzinfo=UTC)
WAIT_S = 20


def eventually(check, what):
    """Wait until `check()` is true; it has to be soon."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if check():
            return
        time.sleep(0.05)
    raise AssertionError(f"did not happen: {what}")


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


def answers(port):
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def speaks_in_the_open(port):
    """Whether something answers a CONNECT without TLS with a CONNACK."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
        try:
            return plain.recv(4)[:1] == b"\x20"
        except ConnectionResetError:
            return False


def minute(number, device_id="strap-1", patient_id="anna"):
    return MinuteEvent(
        event_id=uuid4(),
        device_id=device_id,
        patient_id=patient_id,
        recording_id=UUID(int=7),
        start_at=START + timedelta(minutes=number),
        wear_s=60,
        analysable_s=60,
        beats={BeatClass.NORMAL: 60, BeatClass.VENTRICULAR: 1},
        rhythm_s={},
    )


class Device:
    """An edge in small: keeps each event until it is confirmed, sends it again when the hub comes back."""

    def __init__(self, port, name="strap-1", tls_ca=None):
        self.name = name
        self.waiting = {}
        self.hub = queue.Queue()
        self._lock = threading.Lock()
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"edge-{name}",
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=True,
        )
        client.username_pw_set(name, PASSWORDS[name])
        client.reconnect_delay_set(0.2, 0.5)
        if tls_ca:
            client.tls_set(str(tls_ca))
        client.on_connect = lambda *_: client.subscribe(
            [(receipt_topic(name), 1), (availability_topic("hub"), 1)]
        )
        client.on_message = self._on_message
        client.connect_async("localhost" if tls_ca else "127.0.0.1", port)
        client.loop_start()
        self.client = client
        eventually(client.is_connected, f"{name} connects")

    def send(self, *events):
        with self._lock:
            self.waiting |= {event.event_id: event for event in events}
        for event in events:
            self.publish(event_topic(self.name, event.kind), encode(event))

    def publish(self, topic, payload, **options):
        return self.client.publish(topic, payload, qos=1, **options)

    def is_confirmed(self):
        with self._lock:
            return not self.waiting

    def hub_says(self, expected):
        while self.hub.get(timeout=WAIT_S) != expected:
            pass

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def _on_message(self, _client, _userdata, message):
        if message.topic == availability_topic("hub"):
            self.hub.put(message.payload.decode())
            if message.payload == b"online":
                self.send(*list(self.waiting.values()))
            return
        with self._lock:
            for event_id in Receipt.model_validate_json(message.payload).event_ids:
                self.waiting.pop(event_id, None)


class Hub:
    """The process, its folder and its log."""

    def __init__(self, folder, port, mqtt):
        self.folder, self.port = folder, port
        self.log_file = folder / "hub.log"
        self.config = folder / "hub.toml"
        for name, password in PASSWORDS.items():
            file = folder / f"{name}.password"
            file.touch(mode=0o600)
            file.write_text(password)
        people = "".join(
            f'[[patients]]\nid = "{patient}"\nname = "{patient.title()}"\n'
            f'[[devices]]\nid = "{device}"\npatient = "{patient}"\npassword_file = "{device}.password"\n'
            for patient, device in (("anna", "strap-1"), ("berta", "strap-2"))
        )
        self.config.write_text(
            '[hub]\ndatabase = "hub.db"\n'
            f'[mqtt]\npassword_file = "hub.password"\nport = {port}\n{mqtt}\n{people}'
        )
        self.process = None

    def start(self):
        connections = self.log().count(": connected")
        self.process = self.launch()
        eventually(lambda: self.log().count(": connected") > connections, "the hub connects")

    def launch(self):
        with self.log_file.open("ab") as log:
            return subprocess.Popen([HEARTH, "hub", "--config", self.config], stderr=log, stdout=log)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)

    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""

    def status(self, *arguments):
        command = [HEARTH, "status", "--config", self.config, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)

    @contextmanager
    def store(self):
        with Store.open(f"sqlite:///{self.folder / 'hub.db'}") as store:
            yield store

    def minutes(self, patient_id="anna"):
        with self.store() as store:
            return store.minutes(patient_id, START, START + timedelta(days=1))


def mosquitto_config(folder, port, tls=False):
    """The shipped files with the paths of this test; without `tls` on loopback in the open."""
    users = folder / "hearth.passwd"
    users.touch(mode=0o600)
    for name, password in PASSWORDS.items():
        subprocess.run(["mosquitto_passwd", "-b", users, name, password], check=True, capture_output=True)
    acl = folder / "hearth.acl"
    acl.write_text((CONFIGS / "mosquitto.acl").read_text())
    acl.chmod(0o600)
    text = (CONFIGS / "mosquitto.conf").read_text()
    text = text.replace("/etc/mosquitto", str(folder)).replace("/etc/hearth", str(folder))
    text = text.replace("/var/lib/mosquitto", str(folder)).replace(
        "listener 8883", f"listener {port} 127.0.0.1"
    )
    if not tls:
        secret = ("cafile", "certfile", "keyfile", "tls_version")
        text = "\n".join(line for line in text.splitlines() if not line.startswith(secret))
    config = folder / "mosquitto.conf"
    config.write_text(f"{text}\nuser root\n")
    return config


@contextmanager
def mosquitto(config, port):
    process = subprocess.Popen(["mosquitto", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        eventually(lambda: answers(port), "mosquitto listens")
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=WAIT_S)


def need_mosquitto():
    if shutil.which("mosquitto") is None or shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto is not installed")


@pytest.fixture
def clean_up():
    """Ends what a test has started, in reverse."""
    started = []
    yield started.append
    for one in reversed(started):
        if isinstance(one, Device):
            one.close()
        elif one.process is not None and one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture(params=["embedded", "external"])
def hub(request, tmp_path, clean_up):
    port = free_port()
    made = Hub(tmp_path, port, f'mode = "{request.param}"')
    clean_up(made)
    if request.param == "embedded":
        made.start()
        yield made
        return
    need_mosquitto()
    with mosquitto(mosquitto_config(tmp_path, port), port):
        made.start()
        yield made
        made.end(signal.SIGKILL)


@pytest.fixture
def device(hub, clean_up):
    made = Device(hub.port)
    clean_up(made)
    return made


def test_events_become_rows_and_duplicates_do_not(hub, device):
    events = [minute(number) for number in range(20)]
    device.send(*events, *events[:5])
    eventually(device.is_confirmed, "all are confirmed")
    assert [row.start_at for row in hub.minutes()] == [event.start_at for event in events]
    assert hub.end() == 0
    assert "20 stored" in hub.log()
    assert "5 known" in hub.log()
    assert "Traceback" not in hub.log()


def test_garbage_is_kept_and_not_confirmed(hub, device):
    device.publish(event_topic("strap-1", "minute"), b"\xff\x00 nonsense")
    device.send(minute(0))
    eventually(device.is_confirmed, "the good one is confirmed")
    with hub.store() as store:
        (letter,) = store.dead_letters()
    assert letter.payload == b"\xff\x00 nonsense"
    assert "dead letter on hearth/v1/strap-1/event/minute: Invalid JSON" in hub.log()
    assert json.loads(hub.status("--json").stdout)["dead_letters"] == 1


def test_a_device_cannot_speak_as_another(hub, device, clean_up):
    other = Device(hub.port, "strap-2")
    clean_up(other)
    forged = minute(1)
    other.publish(event_topic("strap-1", "minute"), encode(forged)).wait_for_publish(WAIT_S)
    as_own = minute(2)
    other.publish(event_topic("strap-2", "minute"), encode(as_own)).wait_for_publish(WAIT_S)
    other.send(minute(3, "strap-2", "berta"))
    eventually(other.is_confirmed, "its own is confirmed")
    assert hub.minutes("anna") == []
    assert len(hub.minutes("berta")) == 1
    with hub.store() as store:
        assert [letter.reason for letter in store.dead_letters()] == [
            "device 'strap-1' on the topic of 'strap-2'"
        ]


def test_nothing_is_lost_when_the_hub_is_killed(hub, device):
    device.hub_says("online")
    events = [minute(number) for number in range(300)]
    sender = threading.Thread(target=lambda: [(device.send(event), time.sleep(0.005)) for event in events])
    sender.start()
    eventually(lambda: len(hub.minutes()) > 30, "some are stored")
    hub.end(signal.SIGKILL)
    sender.join()
    assert not device.is_confirmed()
    hub.start()
    eventually(device.is_confirmed, "all are confirmed")
    assert [row.start_at for row in hub.minutes()] == [event.start_at for event in events]


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


def test_edges_hear_how_the_hub_ended(tmp_path, clean_up):
    need_mosquitto()
    port = free_port()
    hub = Hub(tmp_path, port, 'mode = "external"')
    clean_up(hub)
    with mosquitto(mosquitto_config(tmp_path, port), port):
        device = Device(port)
        clean_up(device)
        hub.start()
        device.hub_says("online")
        assert hub.end() == 0
        device.hub_says("stopped")
        hub.start()
        device.hub_says("online")
        hub.end(signal.SIGKILL)
        device.hub_says("offline")


def test_a_broker_that_comes_late_and_goes_away_is_told_once_each(tmp_path, clean_up):
    need_mosquitto()
    port = free_port()
    hub = Hub(tmp_path, port, 'mode = "external"')
    clean_up(hub)
    hub.process = hub.launch()
    eventually(lambda: "cannot be reached" in hub.log(), "the hub complains")
    config = mosquitto_config(tmp_path, port)
    with mosquitto(config, port):
        eventually(lambda: hub.log().count(": connected") == 1, "the hub connects")
    eventually(lambda: hub.log().count("connection lost") == 1, "the hub sees the loss")
    time.sleep(3)
    with mosquitto(config, port):
        eventually(lambda: hub.log().count(": connected") == 2, "the hub is back")
        assert hub.end() == 0
    assert hub.log().count("trying again") == 2


def make_certificates(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(*new, "-x509", "-days", "2", "-subj", "/CN=test", "-keyout", "ca.key", "-out", "ca.pem")
    openssl(*new, "-subj", "/CN=localhost", "-keyout", "broker.key", "-out", "broker.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "broker.csr", *signing, "-out", "broker.pem")


def test_the_shipped_mosquitto_config_speaks_tls(tmp_path, clean_up):
    need_mosquitto()
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    make_certificates(tmp_path)
    port = free_port()
    secure = 'mode = "external"\nhost = "localhost"\ntls_ca_file = "ca.pem"'
    hub = Hub(tmp_path, port, secure)
    clean_up(hub)
    with mosquitto(mosquitto_config(tmp_path, port, tls=True), port):
        hub.start()
        device = Device(port, tls_ca=tmp_path / "ca.pem")
        clean_up(device)
        device.send(minute(0))
        eventually(device.is_confirmed, "it is confirmed")
        assert not speaks_in_the_open(port)
        assert hub.end() == 0


def test_a_broker_with_another_certificate_is_not_trusted(tmp_path, clean_up):
    need_mosquitto()
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "other").mkdir()
    make_certificates(tmp_path)
    make_certificates(tmp_path / "other")
    port = free_port()
    hub = Hub(tmp_path, port, 'mode = "external"\nhost = "localhost"\ntls_ca_file = "other/ca.pem"')
    clean_up(hub)
    with mosquitto(mosquitto_config(tmp_path, port, tls=True), port):
        hub.process = hub.launch()
        eventually(lambda: "CERTIFICATE_VERIFY_FAILED" in hub.log(), "the hub refuses the broker")
        assert hub.end() == 0
    assert ": connected" not in hub.log()
