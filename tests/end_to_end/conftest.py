"""A household of real processes: broker and hub, edge, virtual strap; each a `hearth` subcommand."""

import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from hub.records import Episode, Minute, Notice
from hub.store import Store
from tests.end_to_end.hub_process import Device, Hub, mosquitto, mosquitto_config, need_mosquitto

HEARTH = str(Path(sys.executable).with_name("hearth"))
ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
PASSWORDS = {"hub": "hub secret", "strap-1": "strap secret"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Household:
    """Configs in `folder`, processes by name, and what the hub's database holds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for name, password in PASSWORDS.items():
            (folder / f"{name}.password").write_text(password)
            (folder / f"{name}.password").chmod(0o600)
        self.write_hub()

    def write_hub(self, mode: str = "embedded") -> None:
        (self.folder / "hub.toml").write_text(
            f'[hub]\ndatabase = "hub.db"\n[mqtt]\nmode = "{mode}"\nport = {self.port}\n'
            'password_file = "hub.password"\n[[patients]]\nid = "patient-1"\nname = "Eva Test"\n'
            '[[devices]]\nid = "strap-1"\npatient = "patient-1"\npassword_file = "strap-1.password"\n'
        )

    def write_edge(
        self, uri: str, model: str = "none", more: str = "", password: str = "strap-1.password"
    ) -> None:
        (self.folder / "edge.toml").write_text(
            f'[device]\nuri = "{uri}"\ndevice_id = "strap-1"\npatient_id = "patient-1"\n'
            f"start_at = 2026-01-05T08:00:00Z\n"
            f'[storage]\nfolder = "edge"\n[model]\nlanguage_model = "{model}"\n'
            f'[mqtt]\nport = {self.port}\npassword_file = "{password}"\n{more}'
        )

    def start(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [HEARTH, *arguments], stdout=log, stderr=log, cwd=self.folder
            )

    def start_hub(self) -> None:
        self.start("hub", "hub", "--config", "hub.toml")

    def start_edge(self) -> None:
        self.start("edge", "edge", "--config", "edge.toml")

    def start_strap(self, record: Path, *options: str) -> str:
        """A virtual Polar H10 that plays the record once; returns the URI that reaches it."""
        hci = f"127.0.0.1:{free_port()}"
        self.start(
            "strap", "devices", "virtual-h10", "--record", str(record), "--once", "--listen", hci, *options
        )
        return f"ble://Polar%20H10%2000000001?device=polar_h10&hci=tcp-client:{hci}&until=stopped"

    def wait(self, name: str, timeout_s: float = 90) -> int:
        status = self._running[name].wait(timeout_s)
        del self._running[name]
        return status

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        process = self._running.pop(name)
        process.send_signal(number)
        process.wait(20)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def wait_until(self, condition, what: str, timeout_s: float = 60) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"did not happen: {what}"
            time.sleep(0.1)

    def run(self, *arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HEARTH, *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=timeout_s,
            check=False,
        )

    def stop_all(self) -> None:
        for name in list(self._running):
            self._running[name].kill()
            self._running.pop(name).wait()

    def minutes(self) -> list[Minute]:
        return self._read(lambda store: store.minutes("patient-1", *ALWAYS))

    def episodes(self) -> list[Episode]:
        return self._read(lambda store: store.episodes("patient-1", *ALWAYS))

    def notices(self) -> list[Notice]:
        return self._read(lambda store: store.notices("patient-1", *ALWAYS))

    def _read(self, read):
        path = self.folder / "hub.db"
        if not path.exists():
            return []
        with Store.open(f"sqlite:///{path}") as store:
            return read(store)


@pytest.fixture
def household(tmp_path):
    house = Household(tmp_path)
    yield house
    house.stop_all()


@pytest.fixture(scope="session")
def toy_record(tmp_path_factory) -> Path:
    """Five minutes of MIT-BIH 208 as a WFDB record."""
    from hub.demo.recording import write_toy_recording

    return write_toy_recording(tmp_path_factory.mktemp("record")).path


@pytest.fixture(scope="session")
def short_record(tmp_path_factory, toy_record) -> Path:
    """Its first hundred seconds."""
    folder = tmp_path_factory.mktemp("short")
    samples = np.fromfile(toy_record.with_suffix(".dat"), "<i2")[: 100 * 360]
    samples.tofile(folder / "short.dat")
    (folder / "short.hea").write_text(
        f"short 1 360 {len(samples)}\nshort.dat 16 1000(0)/mV 16 0 0 0 0 MLII\n"
    )
    return folder / "short"


@pytest.fixture
def clean_up():
    """Ends what a test has started, in reverse."""
    started = []
    yield started.append
    for one in reversed(started):
        if isinstance(one, Device):
            one.close()
        elif one.process is not None and one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture(params=["embedded", "external"])
def hub(request, tmp_path, clean_up):
    port = free_port()
    made = Hub(tmp_path, port, f'mode = "{request.param}"')
    clean_up(made)
    if request.param == "embedded":
        made.start()
        yield made
        return
    need_mosquitto()
    with mosquitto(mosquitto_config(tmp_path, port), port):
        made.start()
        yield made
        made.end(signal.SIGKILL)


@pytest.fixture
def device(hub, clean_up):
    made = Device(hub.port)
    clean_up(made)
    return made
