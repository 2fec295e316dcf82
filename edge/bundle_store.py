"""Model bundles that come as signed archives: checked, swapped in one step, and taken back if they fail.

    STORE/versions/NAME-VERSION-HASH/    unpacked bundles
    STORE/current -> versions/...        what the edge runs
    STORE/last_good -> versions/...      what it goes back to
    STORE/trial.json                     starts since `current` is new; gone once it has proved itself

An archive is a plain tar of a bundle's files beside a minisign signature `ARCHIVE.minisig`.
"""

import hashlib
import json
import os
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from minisign import Error as SignatureError
from minisign import PublicKey, SecretKey, Signature

from edge.bundle import DEFAULT_BUNDLE, load_manifest
from edge.errors import UserError

MOST_STARTS: Final = 3
"""A new bundle that has not proved itself after so many starts is taken back."""

_CURRENT, _LAST_GOOD, _TRIAL = "current", "last_good", "trial.json"
_HASH_CHARACTERS: Final = 12
_LARGEST_BYTES: Final = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Chosen:
    """The bundle to run, and what went wrong with the one that was wanted."""

    folder: Path
    complaint: str | None = None


def pack(bundle: Path, archive: Path, key: SecretKey) -> Path:
    """Write `archive` and its signature beside it; returns the signature's path."""
    manifest = load_manifest(bundle)
    with tarfile.open(archive, "w") as tar:
        for path in sorted(bundle.iterdir()):
            if path.is_file():
                tar.add(path, path.name, recursive=False)
    signature = key.sign(archive.read_bytes(), trusted_comment=f"hearth {manifest.name} {manifest.version}")
    signed = signature_path(archive)
    signed.write_bytes(bytes(signature))
    return signed


def signature_path(archive: Path) -> Path:
    """Where minisign writes it."""
    return archive.with_name(archive.name + ".minisig")


def install(archive: Path, store: Path, key: PublicKey) -> Path:
    """Check, unpack and make current; the bundle that ran before becomes the last good one.

    Raises:
        UserError: not signed by this key, not a bundle, or a bundle that does not run here.
    """
    content = _verified(archive, key)
    versions = store / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=store) as name:
        _unpack(archive, Path(name))
        manifest = load_manifest(Path(name))
        _check_runs(Path(name))
        digest = hashlib.sha256(content).hexdigest()[:_HASH_CHARACTERS]
        target = versions / f"{manifest.name}-{manifest.version}-{digest}"
        if not target.exists():
            shutil.copytree(name, f"{target}.part", dirs_exist_ok=True)
            os.rename(f"{target}.part", target)  # noqa: PTH104 a folder in one step
    running = _target(store, _CURRENT)
    if running is not None and running != target and not (store / _TRIAL).exists():
        _point(store, _LAST_GOOD, running)
    _write_trial(store, target.name, 0)
    _point(store, _CURRENT, target)
    return target


def chosen(store: Path, *, is_start: bool = True) -> Chosen:
    """What to run at this start; what is damaged, or failed on trial, gives way to the last good bundle.

    Only a start of the edge counts as one (`is_start`).
    """
    folder = _target(store, _CURRENT)
    if folder is None:
        return Chosen(DEFAULT_BUNDLE)
    starts = _starts_on_trial(store)
    if starts is not None and starts >= MOST_STARTS:
        return take_back(store, f"{folder.name} did not prove itself in {starts} starts")
    try:
        load_manifest(folder)
    except UserError as error:
        return take_back(store, str(error))
    if starts is not None and is_start:
        _write_trial(store, folder.name, starts + 1)
    return Chosen(folder)


def take_back(store: Path, reason: str) -> Chosen:
    """Run the last good bundle, or the one that comes with Hearth, from now on."""
    good = _target(store, _LAST_GOOD)
    (store / _TRIAL).unlink(missing_ok=True)
    if good is None or good == _target(store, _CURRENT):
        (store / _CURRENT).unlink(missing_ok=True)
        return Chosen(DEFAULT_BUNDLE, f"{reason}; the bundle that comes with Hearth runs instead")
    _point(store, _CURRENT, good)
    return Chosen(good, f"{reason}; {good.name} runs instead")


def confirm(store: Path) -> None:
    """The current bundle has analysed long enough: it is the last good one now."""
    folder = _target(store, _CURRENT)
    if folder is not None and (store / _TRIAL).exists():
        _point(store, _LAST_GOOD, folder)
        (store / _TRIAL).unlink()


def _verified(archive: Path, key: PublicKey) -> bytes:
    try:
        content = archive.read_bytes()
        signature = Signature.from_file(signature_path(archive))
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from None
    except SignatureError as error:
        raise UserError(f"{signature_path(archive)}: no minisign signature: {error}") from None
    try:
        key.verify(content, signature)
    except SignatureError:
        raise UserError(
            f"{archive}: the signature is not of the trusted key, or the file was changed"
        ) from None
    return content


def _unpack(archive: Path, folder: Path) -> None:
    """Plain files at the top level alone."""
    try:
        with tarfile.open(archive) as tar:
            members = tar.getmembers()
            if any(not one.isfile() or "/" in one.name or one.name.startswith(".") for one in members):
                raise UserError(f"{archive}: holds more than the files of a bundle")
            if sum(one.size for one in members) > _LARGEST_BYTES:
                raise UserError(f"{archive}: more than {_LARGEST_BYTES >> 20} MB")
            tar.extractall(folder, members, filter="data")
    except tarfile.TarError as error:
        raise UserError(f"{archive}: no tar archive: {error}") from None


def _check_runs(bundle: Path) -> None:
    """The encoder reads ten seconds here and now."""
    import numpy as np

    from edge.encoder import Encoder

    try:
        encoder = Encoder(bundle)
        frames = encoder.run(np.zeros((1, 10 * encoder.manifest.fs_hz), np.float32))
    except Exception as error:
        raise UserError(f"{bundle.name}: the encoder does not run on this machine: {error}") from error
    if not np.isfinite(frames.beat).all():
        raise UserError("the encoder gives no numbers on this machine")


def _target(store: Path, name: str) -> Path | None:
    link = store / name
    return link.resolve() if link.is_symlink() and link.exists() else None


def _point(store: Path, name: str, target: Path) -> None:
    """Replace a link in one step."""
    part = store / f"{name}.part"
    part.unlink(missing_ok=True)
    part.symlink_to(target.resolve().relative_to(store.resolve()))
    part.replace(store / name)


def _starts_on_trial(store: Path) -> int | None:
    try:
        return int(json.loads((store / _TRIAL).read_text())["starts"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return MOST_STARTS


def _write_trial(store: Path, version: str, starts: int) -> None:
    part = store / f"{_TRIAL}.part"
    part.write_text(json.dumps({"version": version, "starts": starts}))
    part.replace(store / _TRIAL)
