"""The MQTT client against the embedded broker: nothing is confirmed before the commit."""

import queue
import socket
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.events import NoticeEvent, Receipt, encode
from hub.broker import EmbeddedBroker
from hub.ingest import ingest
from hub.store import Store
from hub.subscriber import Broker, RefusedError, Subscriber

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
WAIT_S = 10


def notice():
    ids = {"device_id": "strap-1", "patient_id": "anna", "recording_id": uuid4(), "event_id": uuid4()}
    return NoticeEvent(**ids, at=NOW, code="link_lost", text="out of reach")


@pytest.fixture
def port():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        number = listener.getsockname()[1]
    broker = EmbeddedBroker("127.0.0.1", number, "hub", {"hub": "secret", "strap-1": "one"})
    broker.start()
    yield number
    broker.stop()


@pytest.fixture
def device(port):
    """A device that hears its receipts and the hub's availability."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id="edge",
        protocol=MQTTProtocolVersion.MQTTv311,
        clean_session=False,
    )
    client.username_pw_set("strap-1", "one")
    client.heard = queue.Queue()
    client.on_message = lambda _c, _u, message: client.heard.put((message.topic, message.payload))
    subscribed = queue.Queue()
    client.on_subscribe = lambda *_: subscribed.put(True)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.subscribe([("hearth/v1/strap-1/receipt", 1), ("hearth/v1/hub/availability", 1)])
    subscribed.get(timeout=WAIT_S)
    yield client
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}?timeout=0.1") as opened:
        yield opened


@pytest.fixture
def subscriber(port, store):
    made = Subscriber(Broker("127.0.0.1", port, "hub", "secret"), partial(ingest, store, {"strap-1": "anna"}))
    made.start()
    yield made
    made.stop()


def send(device, event):
    device.publish("hearth/v1/strap-1/event/notice", encode(event), qos=1).wait_for_publish(WAIT_S)


def heard(device):
    return device.heard.get(timeout=WAIT_S)


def complaint(subscriber):
    """What the subscriber complains of, soon."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        try:
            subscriber.check()
        except (RefusedError, RuntimeError) as error:
            return error
        time.sleep(0.05)
    return None


def test_a_stored_event_is_confirmed_and_the_hub_says_when_it_is_there(device, store, subscriber):
    assert heard(device) == ("hearth/v1/hub/availability", b"online")
    sent = notice()
    send(device, sent)
    topic, payload = heard(device)
    assert topic == "hearth/v1/strap-1/receipt"
    assert Receipt.model_validate_json(payload).event_ids == (sent.event_id,)
    assert len(store.notices("anna", NOW, NOW + timedelta(seconds=1))) == 1
    subscriber.check()
    subscriber.stop()
    assert heard(device) == ("hearth/v1/hub/availability", b"stopped")
    assert subscriber.counts() == {"stored": 1}


def test_nothing_is_confirmed_while_the_database_cannot_be_written(
    device, store, subscriber, tmp_path, caplog
):
    assert heard(device)[1] == b"online"
    other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    sent = notice()
    send(device, sent)
    with pytest.raises(queue.Empty):
        device.heard.get(timeout=2.5)
    assert caplog.text.count("nothing is confirmed until it can be written") == 1
    told = "database is locked; nothing is confirmed until it can be written"
    assert subscriber.troubles() == {"hub_database": told}
    other.execute("ROLLBACK")
    other.close()
    topic, payload = heard(device)
    assert topic == "hearth/v1/strap-1/receipt"
    assert Receipt.model_validate_json(payload).event_ids == (sent.event_id,)
    assert store.dead_letter_count() == 0
    assert subscriber.troubles() == {}


def test_a_refused_password_is_told_and_not_tried_again(port, store):
    refused = Subscriber(Broker("127.0.0.1", port, "hub", "wrong"), partial(ingest, store, {}))
    refused.start()
    error = complaint(refused)
    assert isinstance(error, RefusedError)
    assert str(error).startswith(f"mqtt broker 127.0.0.1:{port} refused the hub as 'hub': ")
    refused.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_subscriber_that_has_died_is_noticed(port):
    def fail(_message):
        raise AssertionError("a mistake in the program")

    failing = Subscriber(Broker("127.0.0.1", port, "hub", "secret"), fail)
    failing.start()  # it hears its own availability, and dies of it
    assert "thread has ended" in str(complaint(failing))
    failing.stop()
