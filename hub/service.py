"""The hub put together: broker, subscriber and store, from a config, until a signal."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Final

from sdnotify import SystemdNotifier

from hub.config import HubConfig
from hub.heartbeat import Found, Heartbeat, disk_trouble
from hub.ingest import ingest
from hub.store import Store
from hub.subscriber import Broker, Subscriber

_log: Final = logging.getLogger(__name__)
_CHECK_S: Final = 0.5
_REPORT_S: Final = 60.0

Check = Callable[[], None]


def serve(config: HubConfig) -> None:
    """Run until SIGTERM or SIGINT; raises when a part cannot start or has ended by itself."""
    stopping = _stop_on_signals()
    with Store.open(config.database_url) as store, _broker(config) as check_broker:
        for patient in config.patients:
            store.ensure_patient(patient.id, patient.name)
        subscriber = Subscriber(address(config), partial(ingest, store, config.patient_of_device))
        heartbeat = Heartbeat(store, partial(_troubles, config, subscriber))
        subscriber.start()
        heartbeat.start()
        _log.info("hub: %d patients, %d devices", len(config.patients), len(config.devices))
        try:
            _watch(subscriber, check_broker, stopping)
        finally:
            subscriber.stop()
            heartbeat.stop()
            _log.info("hub: stopped; %s", _in_words(subscriber.counts()))


def _troubles(config: HubConfig, subscriber: Subscriber) -> Found:
    file = config.database_file
    least_free_bytes = config.hub.least_free_megabytes * 1e6
    return subscriber.troubles() | disk_trouble(file.parent if file else None, least_free_bytes)


def _stop_on_signals() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


@contextmanager
def _broker(config: HubConfig) -> Iterator[Check]:
    """The embedded broker where the config wants it; gives what raises once the broker has ended."""
    if config.mqtt.mode == "external":
        yield lambda: None
        return
    from hub.broker import EmbeddedBroker

    mqtt = config.mqtt
    passwords = {mqtt.username: config.hub_password(), **config.device_passwords()}
    broker = EmbeddedBroker(mqtt.host, mqtt.port, mqtt.username, passwords)
    broker.start()
    try:
        yield broker.check
    finally:
        broker.stop()


def address(config: HubConfig) -> Broker:
    """Where the broker is, and who the hub is to it; raises `ConfigError`."""
    return Broker(
        host=config.mqtt.host,
        port=config.mqtt.port,
        username=config.mqtt.username,
        password=config.hub_password(),
        tls_ca_file=config.tls_file("tls_ca_file"),
        tls_cert_file=config.tls_file("tls_cert_file"),
        tls_key_file=config.tls_file("tls_key_file"),
    )


def _watch(subscriber: Subscriber, check_broker: Check, stopping: threading.Event) -> None:
    """Waits; notices when a part has died; logs the counts once a minute if they have changed."""
    reported: dict[str, int] = {}
    due = time.monotonic() + _REPORT_S
    notify = SystemdNotifier().notify if os.environ.get("NOTIFY_SOCKET") else lambda _: None
    notify("READY=1")
    while not stopping.wait(_CHECK_S):
        subscriber.check()
        check_broker()
        notify("WATCHDOG=1")
        if time.monotonic() < due:
            continue
        counts, due = subscriber.counts(), due + _REPORT_S
        if counts != reported:
            _log.info("hub: %s", _in_words(counts))
        reported = counts


def _in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "no messages"
