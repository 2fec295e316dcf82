"""The embedded MQTT broker (amqtt) for one machine: loopback alone, a password and an ACL for each client."""

import asyncio
import hmac
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext, BrokerConfig, ListenerConfig
from amqtt.errors import BrokerError
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from edge.events import HUB_ID
from edge.topics import (
    TOPIC_ROOT,
    ask_topic,
    availability_topic,
    device_of_topic,
    receipt_topic,
)

_START_S: Final = 15.0
_DRAIN_S: Final = 0.2


class BrokerStartError(Exception):
    """The embedded broker cannot serve."""

    for_user = True


class Gatekeeper(BaseAuthPlugin, BaseTopicPlugin):  # type: ignore[misc]  # amqtt has no types
    """Lets in who knows the password of the user, and keeps each client to its own topics.

    Amqtt writes name and last will of whoever connects into an existing session before it asks here,
    and publishes a will without asking. So the user of a client is the one who was let in last, and the
    will of one who is not let in is taken away.
    """

    @dataclass
    class Config:
        """The password of each user, and which user is the hub."""

        passwords: dict[str, str] = field(default_factory=dict)
        hub_user: str = HUB_ID

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._user_of_client: dict[str | None, str] = {}

    async def authenticate(self, *, session: Session) -> bool:
        """The right password, and a will on a topic of its own if there is one."""
        user = session.username or ""
        if not self._knows_password(user, session.password or "") or not self._may_leave_will(user, session):
            session.will_flag = False
            return False
        self._user_of_client[session.client_id] = user
        return True

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """Whether the client may do this on the topic."""
        user = self._user_of_client.get(session.client_id) if session else None
        if user is None or not topic:
            return False
        return self._may(user, topic, publishes=action == Action.PUBLISH)

    def _may(self, user: str, topic: str, *, publishes: bool) -> bool:
        if user == self.config.hub_user:
            return hub_may(topic, publishes=publishes)
        return device_may(user, topic, publishes=publishes)

    def _knows_password(self, user: str, password: str) -> bool:
        expected = self.config.passwords.get(user)
        return expected is not None and hmac.compare_digest(password.encode(), expected.encode())

    def _may_leave_will(self, user: str, session: Session) -> bool:
        return not session.will_flag or self._may(user, session.will_topic or "", publishes=True)


def hub_may(topic: str, *, publishes: bool) -> bool:
    """The hub reads all of ours; it writes receipts, questions and its own availability."""
    device_id = device_of_topic(topic)
    if device_id is None:
        return False
    return not publishes or topic in (*_from_hub(device_id), availability_topic(HUB_ID))


def device_may(device_id: str, topic: str, *, publishes: bool) -> bool:
    """A device writes below its own id; it reads its receipts, its questions and whether the hub is there."""
    if publishes:
        return topic.startswith(f"{TOPIC_ROOT}/{device_id}/") and topic not in _from_hub(device_id)
    return topic in (*_from_hub(device_id), availability_topic(HUB_ID))


def _from_hub(device_id: str) -> tuple[str, str]:
    return receipt_topic(device_id), ask_topic(device_id)


class EmbeddedBroker:
    """Runs in a thread of its own from `start` to `stop`. What it holds is in memory only."""

    def __init__(self, host: str, port: int, hub_user: str, passwords: Mapping[str, str]) -> None:
        self._where = f"{host}:{port}"
        self._config = _configuration(host, port, hub_user, passwords)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)

    def start(self) -> None:
        """Serve; raises `BrokerStartError`, for example when the port is in use."""
        self._thread.start()
        if not self._ready.wait(_START_S):
            raise BrokerStartError(f"mqtt broker {self._where}: did not start within {_START_S:.0f} s")
        if self._failure is not None:
            raise BrokerStartError(f"mqtt broker {self._where}: {_plain(self._failure)}") from self._failure

    def check(self) -> None:
        """Raises `BrokerStartError` if the broker has ended by itself."""
        if not self._thread.is_alive():
            raise BrokerStartError(f"mqtt broker {self._where}: has ended")

    def stop(self) -> None:
        """Let the last messages out, and close."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_START_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        _quieten()
        broker = Broker(self._config)
        try:
            await broker.start()
        except BrokerError as error:
            self._failure = error
            return
        finally:
            self._ready.set()
        await self._stopping.wait()
        await asyncio.sleep(_DRAIN_S)
        await broker.shutdown()


def _configuration(host: str, port: int, hub_user: str, passwords: Mapping[str, str]) -> BrokerConfig:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return BrokerConfig(
        listeners={"default": ListenerConfig(bind=bind)},
        plugins={
            f"{__name__}.Gatekeeper": {"passwords": dict(passwords), "hub_user": hub_user},
        },
    )


def _plain(failure: BaseException) -> str:
    """The cause in few words; asyncio and amqtt wrap it twice."""
    cause = failure.__cause__
    if isinstance(cause, OSError) and cause.errno is not None:
        if "in use" in str(cause):
            return "the port is in use by another program; set mqtt.port, or stop that program"
        return cause.strerror or str(cause)
    return str(failure)


def _quieten() -> None:
    """Amqtt logs each connection, and each probe of the port as an error; what matters is checked here."""
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
