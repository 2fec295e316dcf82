"""One short login at the broker, under a name of its own, so that a running edge is not thrown out."""

import queue
import time
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge import events, topics
from edge.config import MqttSection
from edge.publisher import why_not_reached, with_credentials

_HUB_S = 1.0


@dataclass(frozen=True, slots=True)
class BrokerFound:
    """`hub` is what the hub said last of itself: online, offline, stopped."""

    accepted: bool
    reason: str = ""
    hub: str = ""


def probe(device_id: str, section: MqttSection, patience_s: float) -> BrokerFound:
    """Connect, hear whether the hub is there, leave."""
    heard: queue.Queue[str] = queue.Queue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"hearth-check-{device_id}")
    with_credentials(client, device_id, section)

    def on_connect(_client: mqtt.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        heard.put(str(reason))
        client.subscribe(topics.availability_topic(events.HUB_ID), 1)

    client.on_connect = on_connect
    client.on_message = lambda _c, _u, message: heard.put(message.payload.decode(errors="replace"))
    try:
        client.connect(section.host, section.port, keepalive=10)
    except OSError as error:
        return BrokerFound(accepted=False, reason=why_not_reached(error))
    client.loop_start()
    try:
        return _found(heard, patience_s)
    finally:
        client.disconnect()
        client.loop_stop()


def _found(heard: "queue.Queue[str]", patience_s: float) -> BrokerFound:
    deadline = time.monotonic() + patience_s
    try:
        reason = heard.get(timeout=patience_s)
    except queue.Empty:
        return BrokerFound(accepted=False, reason="does not answer")
    if reason != "Success":
        return BrokerFound(accepted=False, reason=reason)
    try:
        hub = heard.get(timeout=min(_HUB_S, max(0.1, deadline - time.monotonic())))
    except queue.Empty:
        hub = ""
    return BrokerFound(accepted=True, hub=hub)
