"""How long after its onset an episode is at the broker: without a language model, with it, with it stopped.

    python -m benchmarks.alert_latency --data DIR

Real processes: `hearth hub` with its broker, `hearth edge` on mitdb 208 replayed ten times faster than life.
In the third run the model's process gets SIGSTOP as soon as it is there: no question is ever answered.
"""

import argparse
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.workplace import Workplace
from edge.errors import UserError
from edge.events import EpisodeEvent, NoticeEvent, decode_event
from edge.topics import TOPIC_ROOT
from hub.demo.processes import Processes

SPEED, SECONDS = 10.0, 45.0
_START = "2026-01-05T08:00:00Z"
_RECORD = "208"
_TWENTIETHS, _NEARLY_ALL = 20, 18


@dataclass(frozen=True, slots=True)
class Alert:
    """A new episode: seconds of wall clock from its onset to its arrival."""

    finding: str
    latency_s: float


def run(place: Workplace) -> Result:
    """Three runs, one after the other."""
    record = place.database("mitdb") / _RECORD
    ways = {"without": ("none", False), "with it": ("default", False), "stopped dead": ("default", True)}
    rows = {name: _row(_measured(record, model, stop=stop)) for name, (model, stop) in ways.items()}
    if not all(row["episodes"] for row in rows.values()):
        raise UserError("alert-latency: no episode arrived; is the language model installed?")
    slowest = max(float(row["median s"] or 0) for row in rows.values())
    quickest = min(float(row["median s"] or 0) for row in rows.values())
    return Result(
        "alert-latency",
        "Alert latency, with and without the language model",
        "python -m benchmarks.figures --data DIR --only alert-latency",
        (
            f"{SECONDS:g} s of mitdb {_RECORD} replayed at {SPEED:g} times real time, on all cores; from"
            f" the onset of an"
            " episode to its arrival at a subscriber of the broker. A run of beats is only known after"
            " its last.",
        ),
        [Figure("Largest difference of medians", (round(slowest - quickest, 3),), "", unit="s")],
        [Table("Seconds of wall clock from onset to arrival", "Language model", rows)],
    )


def _row(alerts: list[Alert]) -> dict[str, Cell]:
    latencies = sorted(alert.latency_s for alert in alerts)
    twentieths = quantiles(latencies, n=_TWENTIETHS) if len(latencies) > 1 else latencies * _TWENTIETHS
    return {
        "episodes": len(latencies),
        "median s": round(median(latencies), 3) if latencies else None,
        "95 % s": round(twentieths[_NEARLY_ALL], 3) if latencies else None,
    }


def _measured(record: Path, model: str, *, stop: bool) -> list[Alert]:
    with TemporaryDirectory() as name, Processes(Path(name) / "logs") as processes:
        folder = Path(name)
        port, passwords = _write_configs(folder, record, model)
        listener = _Listener(port, passwords["hub"])
        processes.start("hub", ["hub", "--config", str(folder / "hub.toml")])
        processes.wait_for_line("hub", "connected", 60)
        listener.start()
        processes.start("edge", ["edge", "--config", str(folder / "edge.toml")])
        stopped: set[int] = set()
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if stop:
                _freeze(stopped)
            time.sleep(0.1)
        _each(stopped, lambda pid: os.kill(pid, signal.SIGCONT))
        return listener.alerts()


def _freeze(stopped: set[int]) -> None:
    """Stop every process of the language model that is not stopped yet."""
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            is_model = b"edge.localizer\0" in (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if is_model and pid not in stopped:
            os.kill(pid, signal.SIGSTOP)
            stopped.add(pid)


def _each(pids: set[int], call: Callable[[int], None]) -> None:
    for pid in pids:
        try:
            call(pid)
        except ProcessLookupError:
            continue


class _Listener:
    """Notes when each episode comes, and when the recording began."""

    def __init__(self, port: int, password: str) -> None:
        self._port, self._lock = port, threading.Lock()
        self._began_s: float | None = None
        self._came: list[tuple[EpisodeEvent, float]] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="alert-latency")
        self._client.username_pw_set("hub", password)
        self._client.on_message = self._on_message

    def start(self) -> None:
        self._client.connect("127.0.0.1", self._port)
        self._client.subscribe(f"{TOPIC_ROOT}/+/event/#", qos=1)
        self._client.loop_start()

    def alerts(self) -> list[Alert]:
        """Of all new episodes so far."""
        self._client.disconnect()
        self._client.loop_stop()
        first_s = _utc_s(_START)
        with self._lock:
            began = self._began_s or 0.0
            return [
                Alert(event.finding, at - began - (event.onset_at.timestamp() - first_s) / SPEED)
                for event, at in self._came
            ]

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        if "/event/" not in message.topic:  # the embedded broker gives retained messages of other topics too
            return
        at_s, event = time.time(), decode_event(bytes(message.payload))
        with self._lock:
            if isinstance(event, NoticeEvent) and event.code == "recording_started":
                self._began_s = event.at.timestamp()
            elif isinstance(event, EpisodeEvent) and event.phase == "new":
                self._came.append((event, at_s))


def _utc_s(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def _write_configs(folder: Path, record: Path, model: str) -> tuple[int, dict[str, str]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    passwords = {name: secrets.token_urlsafe(16) for name in ("hub", "strap-1")}
    for name, password in passwords.items():
        path = folder / f"{name}.password"
        path.touch(mode=0o600)
        path.write_text(password)
    (folder / "hub.toml").write_text(
        f'[hub]\ndatabase = "hub.db"\n[mqtt]\nport = {port}\npassword_file = "hub.password"\n'
        '[[patients]]\nid = "patient-1"\nname = "P"\n'
        '[[devices]]\nid = "strap-1"\npatient = "patient-1"\npassword_file = "strap-1.password"\n'
    )
    (folder / "edge.toml").write_text(
        f'[device]\nuri = "replay://{record}?speed={SPEED:g}"\ndevice_id = "strap-1"\n'
        f'patient_id = "patient-1"\nstart_at = {_START}\n[storage]\nfolder = "edge"\n'
        f"[model]\nlanguage_model = {json.dumps(model)}\n"
        f'[mqtt]\nport = {port}\npassword_file = "strap-1.password"\n'
    )
    return port, passwords


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    result = run(Workplace(arguments.data, Path(), Path(), None))
    print(json.dumps(dict(result.tables[0].rows), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
