"""The MQTT side of the edge: paho-mqtt, QoS 1, birth and last will, receipts of the hub."""

import asyncio
import logging
import ssl
import sys
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import ValidationError

from edge import events, topics
from edge.config import MqttSection, read_password
from edge.errors import UserError
from edge.outbox import Outbox

_LOG = logging.getLogger(__name__)
_IN_FLIGHT = 64
_RESEND_S = 30.0
_FIRST_ANSWER_S = 10.0
_REFUSALS = frozenset({"Bad user name or password", "Not authorized"})


class Publisher:
    """Moves rows from the outbox to the broker; a row leaves when the hub has said that it has it.

    paho runs a thread of its own; everything that touches the outbox is handed over to the event loop.
    """

    def __init__(
        self,
        outbox: Outbox,
        device_id: str,
        section: MqttSection,
        on_ask: Callable[[events.AskRequest], None] | None = None,
    ) -> None:
        self._outbox, self._device_id, self._section = outbox, device_id, section
        self._on_ask = on_ask
        self._loop = asyncio.get_running_loop()
        self._flying: dict[int, int] = {}
        self._rows_in_flight: set[int] = set()
        self._connected, self._answered = False, asyncio.Event()
        self._refusal: str | None = None
        self._trouble = ""
        self._hub_may_listen = True
        self._client = self._make_client()

    @property
    def is_connected(self) -> bool:
        """The broker has accepted us."""
        return self._connected

    async def start(self, *, must_be_let_in: bool = True) -> None:
        """Connect; a broker that is away is tried for ever.

        Raises:
            UserError: the broker refuses us, and we must be let in: at a first start the config is wrong.
                Later it is tried for ever too: a heart is recorded whatever a broker thinks of our password.
        """
        self._client.connect_async(self._section.host, self._section.port, keepalive=30)
        self._client.loop_start()
        try:
            await asyncio.wait_for(self._answered.wait(), _FIRST_ANSWER_S)
        except TimeoutError:
            if not self._trouble:
                _LOG.warning("broker %s:%d does not answer; trying on", *self._address)
        if self._refusal is not None and must_be_let_in:
            self._client.loop_stop()
            raise UserError(
                f"broker {self._section.host}:{self._section.port} refused"
                f" {self._username()}: {self._refusal} (mqtt.username, mqtt.password_file)"
            )

    async def run(self) -> None:
        """Send what is unsent, and what has had no receipt for a while."""
        resend_at = self._loop.time() + _RESEND_S
        while True:
            self._outbox.retry()
            self.send_waiting()
            if self._loop.time() >= resend_at:
                if self._hub_may_listen:
                    self._outbox.requeue()
                resend_at = self._loop.time() + _RESEND_S
            await asyncio.sleep(0.2)

    def send_waiting(self) -> None:
        """Hand unsent rows to the broker, as many as may be in flight."""
        if not self._connected:
            return
        for row in self._outbox.unsent(_IN_FLIGHT):
            if row.seq in self._rows_in_flight or len(self._rows_in_flight) >= _IN_FLIGHT:
                continue
            self._rows_in_flight.add(row.seq)
            self._flying[self._client.publish(row.topic, row.payload, qos=1).mid] = row.seq

    def publish_state(self, state: events.LiveState) -> None:
        """The newest state, retained; lost ones do not matter."""
        if self._connected:
            topic = topics.state_topic(self._device_id)
            self._client.publish(topic, events.encode(state), qos=0, retain=True)

    def publish_answer(self, answer: events.AskAnswer) -> None:
        """An answer to a question of the hub; one that cannot be sent now is of no use later."""
        if self._connected:
            self._client.publish(topics.answer_topic(self._device_id), events.encode(answer), qos=1)

    async def stop(self, *, orderly: bool) -> None:
        """Say that this end is meant, and disconnect; without a word the broker tells our last will."""
        if not orderly:
            await asyncio.to_thread(self._client.loop_stop)
            return
        if self._connected:
            self._connected = False
            farewell = self._client.publish(self._availability, "stopped", qos=1, retain=True)
            await asyncio.to_thread(farewell.wait_for_publish, 2.0)
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    @property
    def _availability(self) -> str:
        return topics.availability_topic(self._device_id)

    def _username(self) -> str:
        return self._section.username or self._device_id

    def _make_client(self) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"hearth-edge-{self._device_id}", clean_session=False
        )
        with_credentials(client, self._device_id, self._section)
        client.will_set(self._availability, "offline", qos=1, retain=True)
        client.reconnect_delay_set(min_delay=1, max_delay=30)
        client.on_connect = self._on_connect
        client.on_connect_fail = lambda *_: self._in_loop(self._not_reached, why_not_reached(sys.exception()))
        client.on_disconnect = lambda *_: self._in_loop(self._lost)
        client.on_publish = lambda _c, _u, mid, *_: self._in_loop(self._acknowledged, mid)
        client.on_message = lambda _c, _u, message: self._in_loop(self._heard, message.topic, message.payload)
        return client

    def _in_loop(self, call: Callable[..., None], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    def _on_connect(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if not reason.is_failure:
            client.subscribe([(topic, 1) for topic in self._topics()])
            client.publish(self._availability, "online", qos=1, retain=True)
        self._in_loop(self._greeted, str(reason), reason.is_failure)

    def _topics(self) -> list[str]:
        asks = [] if self._on_ask is None else [topics.ask_topic(self._device_id)]
        return [topics.receipt_topic(self._device_id), _HUB_AVAILABILITY, *asks]

    def _greeted(self, reason: str, is_failure: bool) -> None:  # noqa: FBT001 a callback's positional flag
        if is_failure:
            self._tell(logging.ERROR, f"refused us: {reason}")
            self._refusal = reason if reason in _REFUSALS else None
        else:
            _LOG.info("connected to broker %s:%d", self._section.host, self._section.port)
            self._connected, self._refusal, self._trouble = True, None, ""
            self._outbox.requeue()
        if self._refusal or not is_failure:
            self._answered.set()

    def _not_reached(self, why: str) -> None:
        self._tell(logging.WARNING, f"cannot be reached: {why}; trying on")

    def _tell(self, level: int, trouble: str) -> None:
        """Once, and again when it is another."""
        if trouble != self._trouble:
            _LOG.log(level, "broker %s:%d %s", *self._address, trouble)
        self._trouble = trouble

    def _lost(self) -> None:
        if self._connected:
            _LOG.warning("connection to broker %s:%d lost; events wait in the outbox", *self._address)
        elif not self._trouble:
            self._not_reached("it ends the connection before it has let us in")
        self._connected = False

    @property
    def _address(self) -> tuple[str, int]:
        return self._section.host, self._section.port

    def _acknowledged(self, mid: int) -> None:
        seq = self._flying.pop(mid, None)
        if seq is None:
            return
        self._rows_in_flight.discard(seq)
        if self._section.confirm == "broker":
            self._outbox.remove(seq)
        else:
            self._outbox.mark_sent(seq)

    def _heard(self, topic: str, payload: bytes) -> None:
        if topic == _HUB_AVAILABILITY:
            self._hub_may_listen = payload == b"online"
            if self._hub_may_listen:
                self._outbox.requeue()
            return
        try:
            self._take(topic, payload)
        except ValidationError as error:
            _LOG.warning("%s does not parse: %s", topic, error.errors()[0]["msg"])

    def _take(self, topic: str, payload: bytes) -> None:
        if topic == topics.receipt_topic(self._device_id):
            self._outbox.settle(events.Receipt.model_validate_json(payload).event_ids)
        elif self._on_ask is not None and topic == topics.ask_topic(self._device_id):
            self._on_ask(events.AskRequest.model_validate_json(payload))


_HUB_AVAILABILITY = topics.availability_topic(events.HUB_ID)


def why_not_reached(error: BaseException | None) -> str:
    """One line: no such name, refused, no certificate that is trusted, ..."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    return str(getattr(error, "strerror", None) or error or "it does not answer")


def with_credentials(client: mqtt.Client, device_id: str, section: MqttSection) -> None:
    """Password, certificate and TLS as configured."""
    if section.password_file is not None:
        client.username_pw_set(section.username or device_id, read_password(section.password_file))
    if section.tls_ca_file is not None:
        client.tls_set_context(_tls_context(section))


def _tls_context(section: MqttSection) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=section.tls_ca_file)
    if section.tls_cert_file is not None:
        context.load_cert_chain(section.tls_cert_file, section.tls_key_file)
    return context
