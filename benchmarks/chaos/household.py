"""One household in a folder: edge, wire, broker and hub as processes that can be killed and started again."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
from pathlib import Path

from benchmarks.chaos.edge_disk import OUTBOX, EdgeDisk
from benchmarks.chaos.nursery import Nursery
from benchmarks.chaos.plan import Whose
from benchmarks.chaos.surroundings import write_clock
from benchmarks.chaos.wire import Wire
from edge.segment_files import journal_of, read_blocks, segments

DEVICE, PATIENT = "strap-1", "patient-1"


def mosquitto() -> str | None:
    """The program, where it is installed."""
    return shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")


class Household:
    """Use as a context: at its end everything that runs is killed."""

    def __init__(self, folder: Path, nursery: Nursery, record: Path, speed: str, *, own_broker: bool) -> None:
        self.folder, self._nursery = folder, nursery
        self._port, self._own_broker = _free_port(), own_broker
        self._broker: subprocess.Popen[bytes] | None = None
        self.wire = Wire(self._port)
        self.edge_pid: int | None = None
        self.hub_pid: int | None = None
        self.had_full_disk = self.had_loss = False
        self.disk = EdgeDisk(folder / "edge", nursery)
        self._record, self._speed = record, speed

    def __enter__(self) -> "Household":
        self.wire.__enter__()
        self._write_configs()
        self.move_clock(("edge", "hub"), 0.0)
        self.start_broker()
        self.start_hub()
        return self

    def __exit__(self, *_: object) -> None:
        for kill in (self.kill_edge, self.kill_hub, self.kill_broker):
            kill()
        self.wire.__exit__()
        self.disk.remove()

    def start_edge(self) -> None:
        """The edge goes on; where the recording has ended it only delivers."""
        more = ("--deliver",) if self._has_ended() else ()
        self.edge_pid = self._nursery.start(self.folder, "edge", "edge", "--config", "edge.toml", *more)

    def kill_edge(self) -> None:
        if self.edge_pid is not None:
            _kill(self.edge_pid)
            self._nursery.wait(self.edge_pid)
            self.edge_pid = None

    def start_hub(self) -> None:
        self.hub_pid = self._nursery.start(self.folder, "hub", "hub", "--config", "hub.toml")

    def kill_hub(self) -> None:
        if self.hub_pid is not None:
            _kill(self.hub_pid)
            self._nursery.wait(self.hub_pid)
            self.hub_pid = None

    def start_broker(self) -> None:
        if self._own_broker:
            command = [str(mosquitto()), "-c", "mosquitto.conf"]
            self._broker = subprocess.Popen(
                command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

    def kill_broker(self) -> None:
        if self._broker is not None:
            self._broker.kill()
            self._broker.wait()
            self._broker = None

    def edge_status(self) -> int | None:
        """The exit status of the edge, `None` while it runs."""
        return None if self.edge_pid is None else self._nursery.poll(self.edge_pid)

    def hub_status(self) -> int | None:
        """The exit status of the hub, `None` while it runs."""
        return None if self.hub_pid is None else self._nursery.poll(self.hub_pid)

    def fill_disk(self) -> None:
        """The disk of the edge is full."""
        self.had_full_disk = True
        self.disk.fill(self.edge_pid if self.edge_status() is None else None)

    def empty_disk(self) -> None:
        self.disk.empty(self.edge_pid if self.edge_status() is None else None)

    def move_clock(self, whose: Whose, moved_s: float) -> None:
        """Those that run see it at once; those that are started later, too."""
        for name in whose:
            write_clock(self.folder / f"{name}.clock", moved_s)

    @property
    def has_own_broker(self) -> bool:
        """The broker is a process beside the hub."""
        return self._own_broker

    @property
    def has_broker(self) -> bool:
        """The broker beside the hub runs."""
        return self._broker is not None

    def n_recorded(self) -> int:
        """How many samples the recorder has put on disk."""
        stems = [stem for folder in self.recordings for stem in segments(folder)]
        return sum(entry.n_samples for stem in stems for entry in journal_of(stem))

    def lost_with_the_edge(self) -> bool:
        """Whether samples beyond the last checkpoint are missing, with others behind them on disk.

        A full disk did not take them, and the killed edge alone knew them; or they were damaged on disk.
        """
        with self.disk.copy_of_outbox() as copy:
            known = _checkpoint(Path(copy) / OUTBOX)
        for folder in self.recordings:
            for block in read_blocks(folder, 1, known):
                if block.first_index > known:
                    return True
                known = block.stop_index
        return False

    @property
    def recordings(self) -> list[Path]:
        """Folders of the recordings."""
        return sorted(path.parent for path in self.disk.path.glob("recordings/*/recording.json"))

    def _has_ended(self) -> bool:
        has_samples = any(segments(folder) for folder in self.recordings)
        going_on = [f for f in self.recordings if (f / "open").exists() and not (f / "ended").exists()]
        return has_samples and not going_on

    def _write_configs(self) -> None:
        for name in ("hub", DEVICE):
            path = self.folder / f"{name}.password"
            path.touch(0o600)
            path.write_text(f"{name} secret")
        mode = "external" if self._own_broker else "embedded"
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self._port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        )
        (self.folder / "hub.toml").write_text(
            f'[hub]\ndatabase = "hub.db"\n[mqtt]\nmode = "{mode}"\nport = {self._port}\n'
            f'password_file = "hub.password"\n[[patients]]\nid = "{PATIENT}"\nname = "Eva Test"\n'
            f'[[devices]]\nid = "{DEVICE}"\npatient = "{PATIENT}"\npassword_file = "{DEVICE}.password"\n'
        )
        (self.folder / "edge.toml").write_text(
            f'[device]\nuri = "replay://{self._record}?speed={self._speed}"\ndevice_id = "{DEVICE}"\n'
            f'patient_id = "{PATIENT}"\nstart_at = 2026-01-05T08:00:00Z\n'
            '[storage]\nfolder = "edge"\nsegment_minutes = 0.2\nreserve_megabytes = 1e-9\n'
            '[model]\nlanguage_model = "none"\n'
            f'[mqtt]\nport = {self.wire.port}\npassword_file = "{DEVICE}.password"\n'
        )


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _checkpoint(outbox: Path) -> int:
    connection = sqlite3.connect(outbox)
    try:
        row = connection.execute("SELECT MAX(next_index) FROM checkpoint").fetchone()
    except sqlite3.Error:
        return 0
    finally:
        connection.close()
    return row[0] or 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
