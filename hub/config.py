"""What `hub.toml` may say. Every mistake becomes one line that names the file and the key."""

import ipaddress
import os
import stat
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.events import HUB_ID, Identifier

_SQLITE: Final = "sqlite:///"
_PRIVATE: Final = stat.S_IRWXG | stat.S_IRWXO
_MESSAGES: Final = {"extra_forbidden": "unknown key", "missing": "missing"}

Minutes = Annotated[int, Field(strict=True, gt=0)]
Port = Annotated[int, Field(strict=True, ge=1, le=65_535)]


class ConfigError(Exception):
    """One line for the user: file, key, what is wrong."""

    for_user = True

    def __init__(self, path: Path, key: str, message: str) -> None:
        super().__init__(": ".join(part for part in (path.name, key, message) if part))


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HubSection(_Section):
    """`[hub]`: where the history is kept and in which zone times are shown."""

    database: str = ""
    time_zone: str = "UTC"
    least_free_megabytes: Annotated[float, Field(ge=0)] = 500.0


class MqttSection(_Section):
    """`[mqtt]`: the broker, and who the hub is to it."""

    mode: Literal["embedded", "external"] = "embedded"
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Port = 1883
    username: Identifier = HUB_ID
    password_file: Path
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None


class PatientSection(_Section):
    """`[[patients]]`: the id that travels, and the name that stays here."""

    id: Identifier
    name: Annotated[str, Field(min_length=1)]


class DeviceSection(_Section):
    """`[[devices]]`: whose it is, and its password at the embedded broker."""

    id: Identifier
    patient: Identifier
    password_file: Path | None = None


class StaleSection(_Section):
    """`[stale]`: after how long a silence of a device is shown, on the hub's clock."""

    warn_minutes: Minutes = 15
    urgent_minutes: Minutes = 30


class HubConfig(_Section):
    """All of `hub.toml`. `path` is the file it came from; the paths in it are relative to its folder."""

    path: Path
    hub: HubSection = HubSection()
    mqtt: MqttSection
    patients: Annotated[tuple[PatientSection, ...], Field(min_length=1)]
    devices: Annotated[tuple[DeviceSection, ...], Field(min_length=1)]
    stale: StaleSection = StaleSection()

    @property
    def database_url(self) -> str:
        """`[hub] database` as a SQLAlchemy URL."""
        database = self.hub.database or str(_state_folder() / "hub.db")
        return database if "://" in database else f"sqlite:///{self._resolve(Path(database))}"

    @property
    def database_file(self) -> Path | None:
        """The file of a SQLite database; `None` for a server's."""
        url = self.database_url
        return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone in which times are shown."""
        return ZoneInfo(self.hub.time_zone)

    @property
    def patient_of_device(self) -> dict[str, str]:
        """Whose device it is."""
        return {device.id: device.patient for device in self.devices}

    @property
    def stale_after(self) -> tuple[timedelta, timedelta]:
        """After how long a silence is a warning, and when it is urgent."""
        return timedelta(minutes=self.stale.warn_minutes), timedelta(minutes=self.stale.urgent_minutes)

    def hub_password(self) -> str:
        """The hub's own password at the broker; raises `ConfigError`."""
        return self._read_password("mqtt.password_file", self.mqtt.password_file)

    def device_passwords(self) -> dict[str, str]:
        """Each device's password at the embedded broker; raises `ConfigError`."""
        return {
            device.id: self._read_password(f"devices[{index}].password_file", device.password_file)
            for index, device in enumerate(self.devices)
            if device.password_file is not None
        }

    def tls_file(self, key: Literal["tls_ca_file", "tls_cert_file", "tls_key_file"]) -> str | None:
        """A TLS file that is there, or `None` where none is named; raises `ConfigError`."""
        named: Path | None = getattr(self.mqtt, key)
        if named is None:
            return None
        if not self._resolve(named).is_file():
            raise ConfigError(self.path, f"mqtt.{key}", f"no such file: {self._resolve(named)}")
        return str(self._resolve(named))

    def _resolve(self, path: Path) -> Path:
        return (self.path.parent / path.expanduser()).resolve()

    def _read_password(self, key: str, named: Path) -> str:
        file = self._resolve(named)
        try:
            shared = file.stat().st_mode & _PRIVATE
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise ConfigError(self.path, key, f"{file}: {reason}") from error
        if shared:
            raise ConfigError(self.path, key, f"{file} is open to other users; run: chmod 600 {file}")
        if not lines or not lines[0].strip():
            raise ConfigError(self.path, key, f"{file} holds no password")
        return lines[0].strip()


def load(path: Path) -> HubConfig:
    """Read and check a config file; raises `ConfigError`. Password files are read only when asked for."""
    table = _read_toml(path)
    if "path" in table:
        raise ConfigError(path, "path", "unknown key")
    try:
        config = HubConfig(path=path.resolve(), **table)
    except ValidationError as error:
        raise _first_of(path, error) from error
    for key, message in _contradictions(config):
        raise ConfigError(path, key, message)
    return config


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and no packet leaves it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(path, "", f"{error.strerror} ({path})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, "", f"not valid TOML: {error}") from error


def _first_of(path: Path, error: ValidationError) -> ConfigError:
    first, *others = error.errors(include_url=False)
    message = _MESSAGES.get(first["type"], first["msg"].removeprefix("Input "))
    more = f" (and {len(others)} more)" if others else ""
    return ConfigError(path, _key(first["loc"]), message + more)


def _key(location: Iterable[str | int]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _contradictions(config: HubConfig) -> Iterator[tuple[str, str]]:
    yield from _insecure(config.mqtt)
    yield from _unusable(config)
    yield from _repeated("patients", Counter(patient.id for patient in config.patients))
    yield from _repeated("devices", Counter(device.id for device in config.devices))
    known = {patient.id for patient in config.patients}
    for index, device in enumerate(config.devices):
        if device.patient not in known:
            yield f"devices[{index}].patient", f"no [[patients]] has the id {device.patient!r}"
        if device.id in (HUB_ID, config.mqtt.username):
            yield f"devices[{index}].id", f"{device.id!r} is the hub's own name"
        if config.mqtt.mode == "embedded" and device.password_file is None:
            yield f"devices[{index}].password_file", "missing; the embedded broker lets nobody in without one"


def _insecure(mqtt: MqttSection) -> Iterator[tuple[str, str]]:
    if mqtt.mode == "embedded" and not is_loopback(mqtt.host):
        yield "mqtt.host", 'the embedded broker serves this machine only; use mode = "external" beyond it'
    if mqtt.mode == "embedded" and mqtt.tls_ca_file:
        yield "mqtt.tls_ca_file", "the embedded broker speaks no TLS, it never leaves this machine"
    if not is_loopback(mqtt.host) and mqtt.tls_ca_file is None:
        yield "mqtt.host", f"{mqtt.host} needs mqtt.tls_ca_file: beyond loopback nothing runs in the open"
    if (mqtt.tls_cert_file is None) != (mqtt.tls_key_file is None):
        yield "mqtt.tls_cert_file", "goes together with mqtt.tls_key_file"
    if mqtt.tls_cert_file and mqtt.tls_ca_file is None:
        yield "mqtt.tls_ca_file", "missing; a client certificate needs it"


def _unusable(config: HubConfig) -> Iterator[tuple[str, str]]:
    try:
        ZoneInfo(config.hub.time_zone)
    except (ValueError, OSError, KeyError):
        yield "hub.time_zone", f"{config.hub.time_zone!r} is no IANA time zone, e.g. Europe/Vienna"
    if config.stale.urgent_minutes < config.stale.warn_minutes:
        yield "stale.urgent_minutes", "must not be below stale.warn_minutes"


def _repeated(key: str, counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    yield from ((key, f"the id {name!r} is given twice") for name, count in counts.items() if count > 1)


def _state_folder() -> Path:
    """Where a service manager wants it, else the user's own state folder."""
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "hearth"
