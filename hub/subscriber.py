"""The hub's MQTT client: gives messages to ingest, confirms after the commit, says if the hub is there."""

import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from sqlalchemy.exc import SQLAlchemyError

from edge.events import (
    HUB_ID,
    encode,
)
from edge.health import TroubleCode
from edge.topics import (
    TOPIC_ROOT,
    availability_topic,
    receipt_topic,
)
from hub.ingest import Message, Outcome

_log: Final = logging.getLogger(__name__)
_CLIENT_ID: Final = "hearth-hub"
_TOPICS: Final = [(f"{TOPIC_ROOT}/+/{part}", 1) for part in ("event/#", "state", "availability")]
_KEEP_ALIVE_S: Final = 30
_LONGEST_WAIT_S: Final = 60
_FAREWELL_S: Final = 5.0

Ingest = Callable[[Message], Outcome]


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who the hub is to it. TLS is spoken where `tls_ca_file` is given."""

    host: str
    port: int
    username: str
    password: str
    tls_ca_file: str | None = None
    tls_cert_file: str | None = None
    tls_key_file: str | None = None


class RefusedError(Exception):
    """The broker does not let the hub in."""

    for_user = True


class Subscriber:
    """Runs in a thread of its own from `start` to `stop`; reconnects by itself.

    While the database cannot be written, the message at hand is tried again and nothing is confirmed:
    the broker hears no sign of life, says `offline` for the hub, and edges send again when it is back.
    """

    def __init__(self, broker: Broker, take_in: Ingest) -> None:
        self._broker = broker
        self._take_in = take_in
        self._counts: Counter[str] = Counter()
        self._stopping = threading.Event()
        self._lost = ""
        self._refused_write = ""
        self._was_up = False
        self._refusal: str | None = None
        self._client = self._make_client()
        self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)

    def start(self) -> None:
        """Connect in the background, and keep trying."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=_KEEP_ALIVE_S)
        self._thread.start()

    def stop(self) -> None:
        """Say `stopped`, and leave in order."""
        self._stopping.set()
        if self._client.is_connected() and self._thread.is_alive():
            farewell = self._client.publish(availability_topic(HUB_ID), "stopped", qos=1, retain=True)
            farewell.wait_for_publish(_FAREWELL_S)
        self._client.disconnect()
        self._thread.join(_FAREWELL_S)

    def check(self) -> None:
        """Raises `RefusedError` if the broker does not let the hub in, `RuntimeError` if the thread died."""
        if self._refusal is not None:
            raise RefusedError(self._refusal)
        if not self._thread.is_alive():
            raise RuntimeError("the MQTT thread has ended")

    def troubles(self) -> dict[TroubleCode, str]:
        """What keeps messages from getting in, as long as it does."""
        found: dict[TroubleCode, str] = {}
        if self._lost:
            found["broker_lost"] = f"{self._where}: {self._lost}"
        if self._refused_write:
            found["hub_database"] = f"{self._refused_write}; nothing is confirmed until it can be written"
        return found

    def counts(self) -> dict[str, int]:
        """How many messages became what since the start."""
        return dict(self._counts)

    def _run(self) -> None:
        self._client.loop_forever(retry_first_connection=True)

    def _make_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=_CLIENT_ID,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        client.username_pw_set(self._broker.username, self._broker.password)
        client.will_set(availability_topic(HUB_ID), "offline", qos=1, retain=True)
        client.reconnect_delay_set(min_delay=1, max_delay=_LONGEST_WAIT_S)
        if self._broker.tls_ca_file is not None:
            client.tls_set(self._broker.tls_ca_file, self._broker.tls_cert_file, self._broker.tls_key_file)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    @property
    def _where(self) -> str:
        return f"mqtt broker {self._broker.host}:{self._broker.port}"

    def _on_connect(
        self, client: Client, _userdata: Any, _flags: ConnectFlags, code: ReasonCode, _: Properties | None
    ) -> None:
        if not code.is_failure:
            client.subscribe(_TOPICS)
        elif self._was_up:
            self._lose(f"refused the hub ({code})")
        else:
            self._refusal = f"{self._where} refused the hub as {self._broker.username!r}: {code}"
            client.disconnect()

    def _on_subscribe(
        self, client: Client, _userdata: Any, _mid: int, codes: list[ReasonCode], _: Properties | None
    ) -> None:
        """Only now is the hub ready for what edges send again when they hear that it is there."""
        if any(code.is_failure for code in codes):
            self._lost = f"does not let the hub read {TOPIC_ROOT}/#: look at its ACL"
            _log.error("%s %s", self._where, self._lost)
            return
        client.publish(availability_topic(HUB_ID), "online", qos=1, retain=True)
        _log.info("%s: connected", self._where)
        self._lost, self._was_up = "", True

    def _on_connect_fail(self, _client: Client, _userdata: Any) -> None:
        self._lose(f"cannot be reached ({sys.exception()})")

    def _on_disconnect(
        self, _client: Client, _userdata: Any, _: DisconnectFlags, code: ReasonCode, __: Properties | None
    ) -> None:
        self._lose(f"connection lost ({code})")

    def _lose(self, reason: str) -> None:
        """Logs once, not at each try."""
        if not (self._lost or self._stopping.is_set() or self._refusal):
            _log.warning("%s: %s; trying again", self._where, reason)
        self._lost = self._lost or reason

    def _on_message(self, client: Client, _userdata: Any, received: MQTTMessage) -> None:
        message = Message(
            topic=received.topic,
            payload=bytes(received.payload),
            received_at=datetime.now(UTC),
            retained=received.retain,
        )
        outcome = self._take_in_at_last(message)
        if outcome is None:
            return
        if outcome.kind != "ignored":
            self._counts[outcome.kind] += 1
        if outcome.kind == "dead_letter":
            _log.warning("dead letter on %s: %s", message.topic, outcome.reason)
        if outcome.receipt is not None:
            client.publish(receipt_topic(outcome.device_id), encode(outcome.receipt), qos=1)
        client.ack(received.mid, received.qos)

    def _take_in_at_last(self, message: Message) -> Outcome | None:
        """The outcome, or `None` where the hub was stopped before the database could be written again."""
        wait_s = 1
        while not self._stopping.is_set():
            try:
                outcome = self._take_in(message)
            except SQLAlchemyError as error:
                self._refused_write = str(getattr(error, "orig", None) or error)
                if wait_s == 1:
                    _log.error(
                        "database: %s; nothing is confirmed until it can be written", self._refused_write
                    )
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            else:
                self._refused_write = ""
                if wait_s > 1:
                    _log.info("database: can be written again")
                return outcome
        return None
