from pathlib import Path

import pytest

from edge.config import load_config, read_password
from edge.errors import UserError

CONFIGS = Path(__file__).parents[2] / "configs"
GOOD = """
[device]
uri = "simulator://"
device_id = "strap-1"
patient_id = "patient-1"
[storage]
folder = "state"
"""


def complaint(tmp_path: Path, text: str) -> str:
    path = tmp_path / "edge.toml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        load_config(path)
    message = str(error.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_the_commented_example_loads_and_shows_the_defaults(tmp_path) -> None:
    shown = load_config(CONFIGS / "edge.toml")
    path = tmp_path / "edge.toml"
    path.write_text(GOOD)
    default = load_config(path)
    assert (shown.model, shown.mqtt, shown.rules) == (default.model, default.mqtt, default.rules)
    assert default.storage.folder == tmp_path / "state"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("[mqtt]\nprot = 1883", "mqtt.prot: unknown key"),
        ("[mqtt]\nport = 99999", "mqtt.port: Input should be less than or equal to 65535"),
        (
            "[mqtt]\nhost = 'hub.example'",
            "mqtt: host hub.example is beyond loopback: tls_ca_file is required",
        ),
        (
            "[mqtt]\nhost = '10.0.0.2'\ntls_ca_file = 'ca'",
            "mqtt: host 10.0.0.2 is beyond loopback: password_file or tls_cert_file is required",
        ),
        ("[rules]\npause_ms = -1", "rules.pause_ms: Input should be greater than 0"),
        ("[rules.priority]\nhiccup = 'high'", "rules.priority.hiccup.[key]: Input should be"),
        ("[model]\ndeadline_s = 'soon'", "model.deadline_s: Input should be a valid number"),
        ("[mqtt\n", "not valid TOML"),
    ],
)
def test_each_mistake_is_one_line_with_its_key(tmp_path, change, message) -> None:
    assert complaint(tmp_path, GOOD + change).startswith(message)


def test_bad_names(tmp_path) -> None:
    assert complaint(tmp_path, GOOD.replace("strap-1", "a/b")).startswith("device.device_id")
    assert complaint(tmp_path, GOOD.replace("strap-1", "hub")) == "device: device_id must not be 'hub'"
    assert complaint(tmp_path, "[storage]\nfolder = 'x'") == "device: Field required"


def test_missing_file(tmp_path) -> None:
    with pytest.raises(UserError, match="no such file"):
        load_config(tmp_path / "none.toml")


def test_a_password_that_others_can_read_is_refused(tmp_path) -> None:
    path = tmp_path / "password"
    path.write_text("secret\n")
    path.chmod(0o644)
    with pytest.raises(UserError, match="chmod 600"):
        read_password(path)
    path.chmod(0o600)
    assert read_password(path) == "secret"
    with pytest.raises(UserError, match=r"password_file: no such file"):
        read_password(tmp_path / "none")
