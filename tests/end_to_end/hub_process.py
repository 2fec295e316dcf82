"""`hearth hub` as a process, Mosquitto beside it, and a paho client that is the device."""

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
    MinuteEvent,
    Receipt,
    encode,
)
from edge.labels import BeatClass
from edge.topics import (
    availability_topic,
    event_topic,
    receipt_topic,
)
from hub.store import Store

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
