from datetime import timedelta
from pathlib import Path

import pytest

from hub.config import ConfigError, is_loopback, load

REPOSITORY = Path(__file__).parents[2]
GOOD = """
[mqtt]
password_file = "hub.password"
[[patients]]
id = "anna"
name = "Anna"
[[devices]]
id = "strap-1"
patient = "anna"
password_file = "strap-1.password"
"""
EXTERNAL = GOOD.replace("[mqtt]", '[mqtt]\nmode = "external"\nhost = "broker.example"')


@pytest.fixture
def write(tmp_path):
    def write_config(text):
        for name in ("hub", "strap-1"):
            file = tmp_path / f"{name}.password"
            file.write_text(f"secret of {name}\n")
            file.chmod(0o600)
        path = tmp_path / "hub.toml"
        path.write_text(text)
        return path

    return write_config


def complaint(path):
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert caught.value.for_user
    return str(caught.value)


def test_the_shipped_config_is_complete_and_valid():
    path = REPOSITORY / "configs" / "hub.toml"
    config = load(path)
    assert config.mqtt.mode == "embedded"
    assert config.patient_of_device == {"strap-1": "patient-1"}
    text = path.read_text()
    for section in (config.hub, config.mqtt, config.stale, config.patients[0], config.devices[0]):
        for key in type(section).model_fields:
            assert f"{key} = " in text, f"{key} is not mentioned"


def test_what_is_left_out_has_a_default(write, tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/hearth")
    config = load(write(GOOD))
    assert config.database_url == "sqlite:////var/lib/hearth/hub.db"
    assert str(config.time_zone) == "UTC"
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.username) == ("127.0.0.1", 1883, "hub")
    assert config.stale_after == (timedelta(minutes=15), timedelta(minutes=30))


def test_without_a_service_manager_the_history_is_in_the_users_state_folder(write, monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "/home/anna/state")
    assert load(write(GOOD)).database_url == "sqlite:////home/anna/state/hearth/hub.db"


@pytest.mark.parametrize(
    ("database", "url"),
    [("sqlite:////data/a.db", "sqlite:////data/a.db"), ("/data/a.db", "sqlite:////data/a.db")],
)
def test_the_database_is_a_path_or_a_url(write, database, url):
    assert load(write(f'[hub]\ndatabase = "{database}"\n{GOOD}')).database_url == url


def test_a_relative_path_starts_at_the_config(write, tmp_path):
    assert load(write(f'[hub]\ndatabase = "hub.db"\n{GOOD}')).database_url == f"sqlite:///{tmp_path}/hub.db"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("[mqtt]", "[mqtt]\nprot = 1"), "hub.toml: mqtt.prot: unknown key"),
        (("[mqtt]", "[mqqt]"), "hub.toml: mqtt: missing (and 1 more)"),
        (("[mqtt]", 'path = "x"\n[mqtt]'), "hub.toml: path: unknown key"),
        (("[mqtt]", '[mqtt]\nport = "1883"'), "hub.toml: mqtt.port: should be a valid integer"),
        (("[mqtt]", "[mqtt]\nport = 70000"), "hub.toml: mqtt.port: should be less than or equal to 65535"),
        (("[mqtt]", '[mqtt]\nmode = "magic"'), "hub.toml: mqtt.mode: should be 'embedded' or 'external'"),
        (('name = "Anna"', ""), "hub.toml: patients[0].name: missing"),
        (('id = "strap-1"', 'id = "strap/1"'), "hub.toml: devices[0].id: "),
        (('id = "strap-1"', 'id = "hub"'), "hub.toml: devices[0].id: 'hub' is the hub's own name"),
        (
            ('patient = "anna"', 'patient = "b"'),
            "hub.toml: devices[0].patient: no [[patients]] has the id 'b'",
        ),
        (('password_file = "strap-1.password"', ""), "hub.toml: devices[0].password_file: missing; the emb"),
        (("[mqtt]", "[stale]\nurgent_minutes = 5\n[mqtt]"), "hub.toml: stale.urgent_minutes: must not be"),
        (("[mqtt]", "[stale]\nwarn_minutes = 0\n[mqtt]"), "hub.toml: stale.warn_minutes: should be greater"),
        (("[mqtt]", '[hub]\ntime_zone = "Vienna"\n[mqtt]'), "hub.toml: hub.time_zone: 'Vienna' is no IANA"),
        (("[mqtt]", '[hub]\ntime_zone = "../etc"\n[mqtt]'), "hub.toml: hub.time_zone: '../etc' is no IANA"),
        (("[mqtt]", '[mqtt]\nhost = "10.0.0.7"'), "hub.toml: mqtt.host: the embedded broker serves this mac"),
        (("[mqtt]", '[mqtt]\ntls_key_file = "k"'), "hub.toml: mqtt.tls_cert_file: goes together with"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(write, change, expected):
    assert complaint(write(GOOD.replace(*change, 1))).startswith(expected)


def test_an_id_given_twice_is_refused(write):
    patient = '[[patients]]\nid = "anna"\nname = "Other"\n'
    assert complaint(write(GOOD + patient)) == "hub.toml: patients: the id 'anna' is given twice"


def test_beyond_loopback_nothing_runs_in_the_open(write):
    assert complaint(write(EXTERNAL)).endswith("beyond loopback nothing runs in the open")
    secured = EXTERNAL.replace("[mqtt]", '[mqtt]\ntls_ca_file = "ca.pem"')
    config = load(write(secured))
    with pytest.raises(ConfigError, match=r"mqtt\.tls_ca_file: no such file"):
        config.tls_file("tls_ca_file")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("broker.lan", False)],
)
def test_what_is_loopback(host, expected):
    assert is_loopback(host) is expected


def test_a_missing_file_and_bad_toml_are_one_line(write, tmp_path):
    assert complaint(tmp_path / "none.toml").startswith("none.toml: No such file or directory")
    assert "at line 2, column" in complaint(write("\n[mqtt\n"))
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe4"')
    assert complaint(tmp_path / "latin.toml").startswith("latin.toml: not valid TOML")


def test_passwords_come_from_private_files(write):
    config = load(write(GOOD))
    assert config.hub_password() == "secret of hub"
    assert config.device_passwords() == {"strap-1": "secret of strap-1"}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606, 0o620])
def test_a_password_that_others_can_read_is_refused(write, tmp_path, mode):
    config = load(write(GOOD))
    (tmp_path / "strap-1.password").chmod(mode)
    with pytest.raises(
        ConfigError, match=r"devices\[0\]\.password_file: .* is open to other users; run: chmod 600"
    ):
        config.device_passwords()


@pytest.mark.parametrize(("content", "message"), [(b"\n", "holds no password"), (b"\xff", "not UTF-8")])
def test_a_password_file_without_a_password_is_refused(write, tmp_path, content, message):
    config = load(write(GOOD))
    (tmp_path / "hub.password").write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        config.hub_password()


def test_a_missing_password_file_is_named(write, tmp_path):
    config = load(write(GOOD))
    (tmp_path / "hub.password").unlink()
    with pytest.raises(ConfigError, match=r"mqtt\.password_file: .*hub\.password: No such file"):
        config.hub_password()


def test_a_password_in_the_config_is_an_unknown_key(write):
    assert (
        complaint(write(GOOD.replace("[mqtt]", '[mqtt]\npassword = "x"')))
        == "hub.toml: mqtt.password: unknown key"
    )
