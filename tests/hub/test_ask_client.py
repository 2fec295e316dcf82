"""The hub asks over a real broker: a device that answers, is late, is away, or is not what it says."""

import gc
import socket
import time
import warnings
from contextlib import closing
from uuid import uuid4

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from edge.events import AskAnswer, AskRequest, AskWindow, encode
from hub.ask_client import AskError, SignalQuestion, ask_edge
from hub.broker import EmbeddedBroker
from hub.subscriber import Broker

QUESTION = SignalQuestion("strap-1", "anna", "what do you see?", (AskWindow(),), 3.0)


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def broker():
    port = free_port()
    embedded = EmbeddedBroker("127.0.0.1", port, "hub", {"hub": "secret", "strap-1": "one"})
    embedded.start()
    yield Broker("127.0.0.1", port, "hub", "secret")
    time.sleep(1)
    embedded.stop()
    with warnings.catch_warnings():  # amqtt leaves a connection open that it has not yet seen closed
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def device(broker):
    """A device that replies to a question with whatever `answers` makes of it."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="edge", protocol=MQTTProtocolVersion.MQTTv311)
    client.username_pw_set("strap-1", "one")
    client.answers = lambda _: ()

    def reply(_client, _userdata, message):
        for payload in client.answers(AskRequest.model_validate_json(message.payload)):
            client.publish("hearth/v1/strap-1/answer", payload, qos=1)

    client.on_message = reply
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.subscribe("hearth/v1/strap-1/ask", 1)
    say(client, "online")
    yield client
    say(client, "")
    client.disconnect()
    client.loop_stop()


def say(client, availability):
    client.publish("hearth/v1/strap-1/availability", availability, qos=1, retain=True).wait_for_publish(5)


def answer(request, **changes):
    fields = {
        "question_id": request.question_id,
        "device_id": "strap-1",
        "status": "answered",
        "text": "Calm.",
    }
    return encode(AskAnswer.model_validate({**fields, **changes}))


def test_the_answer_to_this_question_is_taken_and_no_other(broker, device):
    device.answers = lambda asked: (
        b"no answer at all",
        answer(asked, question_id=uuid4(), text="another's"),
        answer(asked, device_id="strap-2", text="another device's"),
        answer(asked),
    )
    said = ask_edge(broker, QUESTION)
    assert (said.status, said.text) == ("answered", "Calm.")


def test_a_device_that_is_there_and_silent_is_late(broker, device):
    began = time.monotonic()
    said = ask_edge(broker, QUESTION)
    assert said.status == "late"
    assert 3 <= time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("word", "said_of_it"), [("offline", "no connection"), ("stopped", "nobody records")]
)
def test_a_device_that_is_away_is_told_at_once(broker, device, word, said_of_it):
    say(device, word)
    began = time.monotonic()
    said = ask_edge(broker, QUESTION)
    assert said.status == "absent"
    assert said_of_it in said.text
    assert time.monotonic() - began < 3


def test_a_device_that_was_never_heard_is_absent(broker):
    unheard = SignalQuestion("strap-9", "anna", "anybody?", (AskWindow(),), 0.5)
    said = ask_edge(broker, unheard)
    assert (said.status, said.device_id) == ("absent", "strap-9")


def test_without_a_broker_the_error_says_what_to_do():
    nowhere = Broker("127.0.0.1", free_port(), "hub", "secret")
    with pytest.raises(AskError, match=r"cannot be reached .* does `hearth hub` run"):
        ask_edge(nowhere, QUESTION)


def test_a_wrong_password_is_told(broker):
    with pytest.raises(AskError, match="refused 'hub'"):
        ask_edge(Broker(broker.host, broker.port, "hub", "guessed"), QUESTION)
