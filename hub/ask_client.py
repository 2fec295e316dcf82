"""Asks the edge about the signal: one short MQTT connection for one question."""

import os
import queue
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from pydantic import ValidationError

from edge.events import (
    AskAnswer,
    AskRequest,
    AskStatus,
    AskWindow,
    encode,
)
from edge.topics import (
    answer_topic,
    ask_topic,
    availability_topic,
)
from hub.subscriber import Broker

_CONNECT_S: Final = 5.0
_GRACE_S: Final = 1.0  # for the edge's own word that it is late
_AWAY: Final = {"offline": "has no connection", "stopped": "was stopped in order; nobody records"}


class AskError(Exception):
    """The question cannot be asked."""

    for_user = True


@dataclass(frozen=True, slots=True)
class SignalQuestion:
    """What to ask which device; the answer has `deadline_s` seconds."""

    device_id: str
    patient_id: str
    text: str
    about: tuple[AskWindow, ...]
    deadline_s: float


def ask_edge(broker: Broker, question: SignalQuestion) -> AskAnswer:
    """Wait for the answer; one that does not come is `absent` or `late`. Raises `AskError`."""
    waiting = _Waiting(broker, _request(question))
    try:
        return waiting.ask()
    finally:
        waiting.close()


def _request(question: SignalQuestion) -> AskRequest:
    return AskRequest(
        question_id=uuid4(),
        device_id=question.device_id,
        patient_id=question.patient_id,
        asked_at=datetime.now(UTC),
        deadline_s=question.deadline_s,
        question=question.text,
        about=question.about,
    )


class _Waiting:
    """The connection, and the queue into which paho's thread puts what it hears."""

    def __init__(self, broker: Broker, request: AskRequest) -> None:
        self._broker, self._request = broker, request
        self._heard: queue.Queue[AskAnswer | AskError] = queue.Queue()
        self._listening = threading.Event()
        self._is_online = False
        self._client = self._make_client()

    def ask(self) -> AskAnswer:
        """Connect, subscribe, ask, wait."""
        self._connect()
        if self._heard.empty():
            self._client.publish(ask_topic(self._request.device_id), encode(self._request), qos=1)
        try:
            heard = self._heard.get(timeout=self._request.deadline_s + _GRACE_S)
        except queue.Empty:
            return self._silence()
        if isinstance(heard, AskError):
            raise heard
        return heard

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connect(self) -> None:
        """Until answers can be heard, or it is known why not."""
        broker = self._broker
        try:
            self._client.connect(broker.host, broker.port)
        except OSError as error:
            raise AskError(f"{self._where} cannot be reached ({error}); does `hearth hub` run?") from error
        self._client.loop_start()
        if not self._listening.wait(_CONNECT_S):
            raise AskError(f"{self._where} does not answer; does `hearth hub` run?")

    def _silence(self) -> AskAnswer:
        device = self._request.device_id
        if self._is_online:
            return self._no_answer("late", f"{device} did not answer within {self._request.deadline_s:g} s.")
        text = f"{device} has not been heard by this broker; is its edge running?"
        return self._no_answer("absent", text)

    def _no_answer(self, status: AskStatus, text: str) -> AskAnswer:
        return AskAnswer(
            question_id=self._request.question_id,
            device_id=self._request.device_id,
            status=status,
            text=text,
        )

    def _make_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"hearth-ask-{os.getpid()}-{time.monotonic_ns() % 1000}",
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls_ca_file is not None:
            client.tls_set(self._broker.tls_ca_file, self._broker.tls_cert_file, self._broker.tls_key_file)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = lambda _c, _u, message: self._on_message(message.topic, bytes(message.payload))
        return client

    @property
    def _where(self) -> str:
        return f"mqtt broker {self._broker.host}:{self._broker.port}"

    def _on_connect(self, client: Client, _userdata: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._heard.put(AskError(f"{self._where} refused {self._broker.username!r}: {code}"))
            self._listening.set()
            return
        device = self._request.device_id
        client.subscribe([(answer_topic(device), 1), (availability_topic(device), 1)])

    def _on_subscribe(self, _client: Client, _userdata: Any, _mid: int, codes: Any, _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self._heard.put(AskError(f"{self._where} does not let the hub read answers: look at its ACL"))
        self._listening.set()

    def _on_message(self, topic: str, payload: bytes) -> None:
        device = self._request.device_id
        if topic == availability_topic(device):
            self._hear_availability(payload.decode(errors="replace"))
            return
        try:
            answer = AskAnswer.model_validate_json(payload)
        except ValidationError:
            return
        if (answer.question_id, answer.device_id) == (self._request.question_id, device):
            self._heard.put(answer)

    def _hear_availability(self, availability: str) -> None:
        self._is_online = availability == "online"
        if availability in _AWAY:
            text = f"{self._request.device_id} {_AWAY[availability]}; the signal cannot be looked at now."
            self._heard.put(self._no_answer("absent", text))
