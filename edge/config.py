"""The edge's configuration: one TOML file, every key checked, every error one line."""

import tomllib
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import UserError
from edge.events import HUB_ID, Identifier
from edge.labels import Finding, Priority

Positive = Annotated[float, Field(gt=0)]


def is_loopback(host: str) -> bool:
    """True for this machine itself."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DeviceSection(_Section):
    """Where the ECG comes from, and whose it is."""

    uri: str
    device_id: Identifier
    patient_id: Identifier
    start_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _not_the_hub(self) -> Self:
        if self.device_id == HUB_ID:
            raise ValueError(f"device_id must not be {HUB_ID!r}")
        return self


class StorageSection(_Section):
    """Where raw samples and the outbox are kept."""

    folder: Path
    max_gigabytes: Positive = 8.0
    reserve_megabytes: Positive = 256.0
    segment_minutes: Positive = 60.0
    max_outbox_rows: Annotated[int, Field(ge=100)] = 1_000_000


class ModelSection(_Section):
    """Model files; an empty path takes the default."""

    bundle: Path | None = None
    store: Path | None = None
    trusted_key_file: Path | None = None
    language_model: Path | Literal["default", "none"] = "default"
    language_model_threads: Annotated[int, Field(ge=1, le=64)] = 1
    deadline_s: Positive = 20.0
    waiting_questions: Annotated[int, Field(ge=1)] = 8
    look_every_minutes: Annotated[float, Field(ge=0)] = 15.0

    @model_validator(mode="after")
    def _one_bundle(self) -> Self:
        if self.bundle is not None and self.store is not None:
            raise ValueError("give bundle or store, not both")
        return self


class MqttSection(_Section):
    """The broker; beyond loopback only with TLS."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    username: str | None = None
    password_file: Path | None = None
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    confirm: Literal["hub", "broker"] = "hub"

    @model_validator(mode="after")
    def _safe_beyond_loopback(self) -> Self:
        if not is_loopback(self.host) and self.tls_ca_file is None:
            raise ValueError(f"host {self.host} is beyond loopback: tls_ca_file is required")
        if not is_loopback(self.host) and not (self.password_file or self.tls_cert_file):
            raise ValueError(
                f"host {self.host} is beyond loopback: password_file or tls_cert_file is required"
            )
        return self


class RulesSection(_Section):
    """Thresholds of the rules on beats, for this patient."""

    pause_ms: Positive = 3000.0
    bradycardia_bpm: Positive = 40.0
    tachycardia_bpm: Positive = 140.0
    af_s: Positive = 30.0
    vf_s: Positive = 4.0
    unanalysable_s: Positive = 30.0
    priority: dict[Finding, Priority] = {}


class EdgeConfig(_Section):
    """The whole file."""

    device: DeviceSection
    storage: StorageSection
    model: ModelSection = ModelSection()
    mqtt: MqttSection = MqttSection()
    rules: RulesSection = RulesSection()


def load_config(path: Path) -> EdgeConfig:
    """Read the TOML file; paths in it are relative to its folder. Raises `UserError` naming file and key."""
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid TOML: {error}") from None
    try:
        config = EdgeConfig.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{path}: {_first_complaint(error)}") from None
    config = _with_absolute_paths(config, path.resolve().parent)
    for key in ("tls_ca_file", "tls_cert_file", "tls_key_file"):
        file = getattr(config.mqtt, key)
        if file is not None and not file.is_file():
            raise UserError(f"{path}: mqtt.{key}: {file}: no such file")
    return config


def _first_complaint(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(map(str, first["loc"])) or "(file)"
    if first["type"] == "extra_forbidden":
        return f"{key}: unknown key"
    return f"{key}: {first['msg'].removeprefix('Value error, ')}"


def _with_absolute_paths(config: EdgeConfig, folder: Path) -> EdgeConfig:
    sections: dict[str, _Section] = {}
    for name, section in config:
        paths = {key: folder / value.expanduser() for key, value in section if isinstance(value, Path)}
        sections[name] = section.model_copy(update=paths)
    return config.model_copy(update=sections)


def read_password(path: Path) -> str:
    """One line; the file must be readable by its owner alone."""
    if not path.is_file():
        raise UserError(f"{path}: mqtt.password_file: no such file")
    if path.stat().st_mode & 0o077:
        raise UserError(f"{path}: mqtt.password_file: others can read it; run chmod 600 {path}")
    return path.read_text().strip()


def utc_ns(moment: datetime | None) -> int | None:
    """Nanoseconds since 1970."""
    return None if moment is None else round(moment.timestamp() * 1_000_000) * 1000
