"""`hearth edge check`: whether each part of an edge would do its work here and now."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edge import health_clock
from edge.assembly import locked
from edge.config import EdgeConfig
from edge.errors import UserError

Verdict = Literal["ok", "warning", "failed"]
CHECKS: Final = ("config", "storage", "model", "clock", "broker", "device")

_LEAST_FREE_BYTES: Final = 500 * 10**6
_DEVICE_S: Final = 30.0
_BROKER_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found; `text` is one line for a person."""

    name: str
    verdict: Verdict
    text: str


def run_checks(config: EdgeConfig, wanted: tuple[str, ...]) -> list[Result]:
    """Run the checks of these names in order; a check that raises has failed."""
    return [_guarded(name, config) for name in CHECKS if name in wanted]


def _guarded(name: str, config: EdgeConfig) -> Result:
    try:
        return _CHECKS[name](config)
    except Exception as error:  # noqa: BLE001 whatever it is, it is the answer
        return Result(name, "failed", " ".join(str(error).split()) or type(error).__name__)


def _config(config: EdgeConfig) -> Result:
    return Result("config", "ok", f"{config.device.device_id} of {config.device.patient_id}")


def _storage(config: EdgeConfig) -> Result:
    """Room, rights, and an outbox that is whole."""
    folder = config.storage.folder
    try:
        with locked(folder):
            outbox = _outbox(folder / "outbox.sqlite")
    except UserError:
        return Result("storage", "warning", f"{folder}: an edge runs here")
    free = shutil.disk_usage(folder).free
    used = sum(path.stat().st_size for path in (folder / "recordings").rglob("*") if path.is_file())
    wanted = max(0, int(config.storage.max_gigabytes * 1e9) - used)
    text = f"{folder}: {free / 1e9:.1f} GB free, recordings may grow by {wanted / 1e9:.1f} GB; {outbox}"
    if free < _LEAST_FREE_BYTES:
        return Result("storage", "failed", f"{text}; the disk is full")
    return Result("storage", "warning" if free < wanted else "ok", text)


def _outbox(path: Path) -> str:
    if not path.is_file():
        return "no outbox yet"
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
        (waiting,) = database.execute("SELECT COUNT(*) FROM outbox").fetchone()
    finally:
        database.close()
    if verdict != "ok":
        raise UserError(f"{path}: damaged: {verdict}")
    return f"{waiting} events wait for the hub"


def _model(config: EdgeConfig) -> Result:
    """The encoder reads ten seconds; the language model says a token."""
    import numpy as np

    from edge.bundle import DEFAULT_BUNDLE, load_manifest
    from edge.encoder import Encoder
    from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, check_fits, load_language_bundle
    from edge.language_model import find_language_model, smoke_test
    from edge.running_bundle import bundle_folder

    folder, complaint = bundle_folder(config.model)
    encoder = Encoder(folder)
    start = time.perf_counter()
    encoder.run(np.zeros((1, 10 * encoder.manifest.fs_hz), np.float32))
    took_s = time.perf_counter() - start
    text = f"{encoder.manifest.name} {encoder.manifest.version}: 10 s of ECG in {took_s:.2f} s"
    if complaint:
        return Result("model", "warning", f"{text}; {complaint}")
    if config.model.language_model == "none":
        return Result("model", "ok", f"{text}; no language model is wanted")
    path = find_language_model(config.model.language_model)
    if path is None:
        return Result("model", "warning", f"{text}; no language model: hearth models install")
    smoke_test(path)
    try:
        sight = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE)
        check_fits(sight, path, load_manifest(config.model.bundle or DEFAULT_BUNDLE))
    except UserError as error:
        return Result("model", "warning", f"{text}; {path.name} runs, but will not be asked: {error}")
    return Result("model", "ok", f"{text}; {path.name} runs")


def _clock(_: EdgeConfig) -> Result:
    """Whether the time is that of the world."""
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    if not health_clock.is_set():
        return Result("clock", "failed", f"{now}: the clock was never set; samples would get false times")
    is_synchronised = health_clock.is_synchronised()
    if is_synchronised is None:
        return Result("clock", "warning", f"{now}; nobody here can say whether it is synchronised")
    if is_synchronised:
        return Result("clock", "ok", f"{now}, synchronised")
    return Result("clock", "warning", f"{now}; not synchronised with a time server")


def _broker(config: EdgeConfig) -> Result:
    """Logs in beside a running edge, and looks whether the hub is there."""
    from edge.broker_probe import probe

    where = f"{config.mqtt.host}:{config.mqtt.port}"
    found = probe(config.device.device_id, config.mqtt, _BROKER_S)
    if not found.accepted:
        return Result("broker", "failed", f"{where}: {found.reason}")
    if found.hub != "online":
        return Result(
            "broker", "warning", f"{where}: accepts us; the hub is {found.hub or 'not known there'}"
        )
    return Result("broker", "ok", f"{where}: accepts us, and the hub is online")


def _device(config: EdgeConfig) -> Result:
    """Opens the source and waits for its first samples."""
    return asyncio.run(_first_samples(config.device.uri))


async def _first_samples(uri: str) -> Result:
    from firmware_bridge.packets import Battery, Contact, HeartRate, SampleBlock
    from firmware_bridge.transports import open_transport

    battery = contact = ""
    try:
        async with asyncio.timeout(_DEVICE_S), open_transport(uri) as transport:
            device = transport.device
            expected = SampleBlock if device.leads else HeartRate
            async for received in transport.packets():
                match received.packet:
                    case Battery(percent=percent):
                        battery = f", battery {percent} %"
                    case HeartRate(contact=False) | Contact(is_worn=False):
                        contact = ", not in contact with the skin"
                if isinstance(received.packet, expected):
                    told = f"{device.name}: {', '.join(device.leads) or 'intervals'} at {device.fs_hz:g} Hz"
                    return Result("device", "warning" if contact else "ok", f"{told}{battery}{contact}")
    except TimeoutError:
        return Result("device", "failed", f"{uri}: no samples within {_DEVICE_S:g} s; is it worn and near?")
    return Result("device", "failed", f"{uri}: ended without a sample")


_CHECKS: Final[dict[str, Callable[[EdgeConfig], Result]]] = {
    "config": _config,
    "storage": _storage,
    "model": _model,
    "clock": _clock,
    "broker": _broker,
    "device": _device,
}
