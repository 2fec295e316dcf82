"""Config files and credentials of the demo's household: one patient, one strap, one hub, all on loopback."""

import json
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from hub.demo.recording import DemoRecording

PATIENT_ID, DEVICE_ID, STRAP_NAME = "demo-patient", "demo-strap", "Polar H10 DE400208"


@dataclass(frozen=True, slots=True)
class Household:
    """Where everything of one run is."""

    folder: Path
    hci: str
    footnote: str

    @property
    def hub_config(self) -> Path:
        """For `hearth hub`, `tui`, `status` and `report`."""
        return self.folder / "hub.toml"

    @property
    def edge_config(self) -> Path:
        """For `hearth edge`."""
        return self.folder / "edge.toml"

    @property
    def report(self) -> Path:
        """The PDF."""
        return self.folder / "report.pdf"

    @property
    def finished_flag(self) -> Path:
        """Appears when the dashboard may close."""
        return self.folder / "finished"


def set_up(folder: Path, recording: DemoRecording, patient_name: str, language_model: str) -> Household:
    """Write fresh passwords and configs; the recording is dated so that it ends now."""
    folder.mkdir(parents=True, exist_ok=True)
    hub_password, strap_password = (_password(folder / f"{who}.password") for who in ("hub", DEVICE_ID))
    port, hci_port = _free_port(), _free_port()
    household = Household(folder, f"127.0.0.1:{hci_port}", recording.footnote)
    start_at = datetime.now(UTC) - timedelta(seconds=recording.duration_s)
    household.hub_config.write_text(_hub_toml(port, patient_name, hub_password, strap_password))
    uri = f"ble://{quote(STRAP_NAME)}?device=polar_h10&hci=tcp-client:{household.hci}&until=stopped"
    household.edge_config.write_text(_edge_toml(uri, start_at, port, strap_password, language_model))
    return household


def _password(path: Path) -> str:
    path.touch(mode=0o600)
    path.write_text(secrets.token_urlsafe(24) + "\n")
    return path.name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _hub_toml(port: int, name: str, hub_password: str, strap_password: str) -> str:
    return f"""\
[hub]
database = "hub.db"

[mqtt]
mode = "embedded"
port = {port}
password_file = "{hub_password}"

[[patients]]
id = "{PATIENT_ID}"
name = {json.dumps(name)}

[[devices]]
id = "{DEVICE_ID}"
patient = "{PATIENT_ID}"
password_file = "{strap_password}"
"""


def _edge_toml(uri: str, start_at: datetime, port: int, password: str, language_model: str) -> str:
    return f"""\
[device]
uri = "{uri}"
device_id = "{DEVICE_ID}"
patient_id = "{PATIENT_ID}"
start_at = {start_at.isoformat(timespec="seconds")}

[storage]
folder = "edge"

[model]
language_model = {json.dumps(language_model)}

[mqtt]
port = {port}
password_file = "{password}"
"""
