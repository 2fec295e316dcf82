"""The embedded broker, spoken to by paho over a real socket."""

import queue
import socket
import threading
import time
from contextlib import closing, contextmanager

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from hub.broker import BrokerStartError, EmbeddedBroker, device_may, hub_may

PASSWORDS = {"hub": "hub secret", "strap-1": "one", "strap-2": "two"}
WAIT_S = 10


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def port():
    number = free_port()
    broker = EmbeddedBroker("127.0.0.1", number, "hub", PASSWORDS)
    broker.start()
    yield number
    broker.check()
    broker.stop()


class Connected:
    """A paho client with its answers in queues."""

    def __init__(self, client):
        self.client = client
        self.messages = queue.Queue()
        self.subscribed = queue.Queue()
        client.on_message = lambda _c, _u, message: self.messages.put((message.topic, message.payload))
        client.on_subscribe = lambda _c, _u, _mid, codes, _p: self.subscribed.put(codes[0].is_failure)

    def subscribe(self, topic):
        """Whether the broker lets the client read this."""
        self.client.subscribe(topic, 1)
        return not self.subscribed.get(timeout=WAIT_S)

    def publish(self, topic, payload=b"x"):
        self.client.publish(topic, payload, qos=1).wait_for_publish(WAIT_S)

    def next(self):
        return self.messages.get(timeout=WAIT_S)


@contextmanager
def connected(port, user, password=None, client_id=None, clean=True, will=None):
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id or f"test-{user}",
        clean_session=clean,
        protocol=MQTTProtocolVersion.MQTTv311,
    )
    if user:
        client.username_pw_set(user, PASSWORDS.get(user) if password is None else password)
    if will:
        client.will_set(will, b"forged", qos=1)
    answered = threading.Event()
    answer = []
    client.on_connect = lambda _c, _u, _f, code, _p: (answer.append(code), answered.set())
    reached = Connected(client)
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert answered.wait(WAIT_S)
    if answer[0].is_failure:
        client.loop_stop()
        raise PermissionError(str(answer[0]))
    try:
        yield reached
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.parametrize(
    ("user", "password"), [("strap-1", "two"), ("strap-1", ""), ("nobody", "one"), ("", None), ("hub", "öne")]
)
def test_nobody_gets_in_without_the_password(port, user, password):
    with pytest.raises(PermissionError), connected(port, user, password):
        pass


def test_a_device_reaches_the_hub_and_gets_its_receipt(port):
    with connected(port, "hub") as hub, connected(port, "strap-1") as strap:
        assert hub.subscribe("hearth/v1/+/event/#")
        assert strap.subscribe("hearth/v1/strap-1/receipt")
        assert strap.subscribe("hearth/v1/hub/availability")
        strap.publish("hearth/v1/strap-1/event/minute", b"data")
        assert hub.next() == ("hearth/v1/strap-1/event/minute", b"data")
        hub.publish("hearth/v1/strap-1/receipt", b"thanks")
        assert strap.next() == ("hearth/v1/strap-1/receipt", b"thanks")


def test_a_device_cannot_speak_as_another(port):
    with connected(port, "hub") as hub, connected(port, "strap-2") as strap:
        assert hub.subscribe("hearth/v1/+/event/#")
        strap.publish("hearth/v1/strap-1/event/minute", b"forged")
        strap.publish("hearth/v1/hub/availability", b"forged")
        strap.publish("hearth/v1/strap-2/event/minute", b"own")
        assert hub.next() == ("hearth/v1/strap-2/event/minute", b"own")
        assert hub.messages.empty()


@pytest.mark.parametrize(
    "topic", ["hearth/v1/strap-2/receipt", "hearth/v1/strap-2/event/#", "#", "hearth/v1/+/receipt"]
)
def test_a_device_cannot_read_what_belongs_to_another(port, topic):
    with connected(port, "strap-1") as strap:
        assert not strap.subscribe(topic)


@pytest.mark.parametrize("topic", ["hearth/v1/strap-2/availability", "hearth/v1/hub/availability"])
def test_a_device_cannot_leave_a_will_in_the_name_of_another(port, topic):
    with pytest.raises(PermissionError), connected(port, "strap-1", will=topic):
        pass
    with connected(port, "strap-1", will="hearth/v1/strap-1/availability"):
        pass


def test_a_stranger_cannot_speak_through_the_session_of_a_device(port):
    with connected(port, "hub") as hub, connected(port, "strap-1", client_id="edge", clean=False) as strap:
        assert hub.subscribe("hearth/v1/+/availability")
        stolen = {"client_id": "edge", "clean": False, "will": "hearth/v1/strap-1/availability"}
        with pytest.raises(PermissionError), connected(port, "strap-1", "guessed", **stolen):
            pass
        eventually_connected(strap.client)
        strap.publish("hearth/v1/strap-1/availability", b"own")
        assert hub.next() == ("hearth/v1/strap-1/availability", b"own")


def eventually_connected(client):
    """Amqtt drops the old connection of a session before it asks for the new one's password."""
    deadline = time.monotonic() + WAIT_S
    stable_s = 0.0
    while stable_s < 1.5 and time.monotonic() < deadline:
        time.sleep(0.1)
        stable_s = stable_s + 0.1 if client.is_connected() else 0.0


def test_messages_wait_for_a_client_that_is_away(port):
    with connected(port, "strap-1", client_id="sleeper", clean=False) as strap:
        assert strap.subscribe("hearth/v1/strap-1/receipt")
    with connected(port, "hub") as hub:
        for number in range(20):
            hub.publish("hearth/v1/strap-1/receipt", str(number).encode())
    with connected(port, "strap-1", client_id="sleeper", clean=False) as strap:
        assert {strap.next()[1] for _ in range(20)} == {str(number).encode() for number in range(20)}


def test_a_port_in_use_is_one_clear_line():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        number = listener.getsockname()[1]
        broker = EmbeddedBroker("127.0.0.1", number, "hub", PASSWORDS)
        with pytest.raises(
            BrokerStartError, match=f"^mqtt broker 127.0.0.1:{number}: the port is in use"
        ) as caught:
            broker.start()
    assert caught.value.for_user


def test_it_listens_on_loopback_alone(port):
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1"}:
        with pytest.raises(OSError), socket.create_connection((address, port), timeout=2):  # noqa: PT011
            pass


def test_the_rules_themselves():
    assert hub_may("hearth/v1/strap-1/receipt", publishes=True)
    assert hub_may("hearth/v1/hub/availability", publishes=True)
    assert hub_may("hearth/v1/strap-1/ask", publishes=True)
    assert not hub_may("hearth/v1/strap-1/answer", publishes=True)
    assert hub_may("hearth/v1/strap-1/answer", publishes=False)
    assert hub_may("hearth/v1/+/event/#", publishes=False)
    assert not hub_may("hearth/v1/strap-1/event/minute", publishes=True)
    assert not hub_may("hearth/v1", publishes=True)
    assert not hub_may("hearth/v1x/strap-1/receipt", publishes=True)
    assert not hub_may("#", publishes=False)
    assert device_may("a", "hearth/v1/a/event/minute", publishes=True)
    assert not device_may("a", "hearth/v1/a/receipt", publishes=True)
    assert not device_may("a", "hearth/v1/a/ask", publishes=True)
    assert device_may("a", "hearth/v1/a/ask", publishes=False)
    assert not device_may("a", "hearth/v1/b/ask", publishes=False)
    assert device_may("a", "hearth/v1/a/answer", publishes=True)
    assert not device_may("a", "hearth/v1/b/answer", publishes=True)
    assert not device_may("a", "hearth/v1/a/answer", publishes=False)
    assert not device_may("a", "hearth/v1/ab/event/minute", publishes=True)
    assert not device_may("a", "hearth/v1/a", publishes=True)
