"""What makes the packaged language model see an ECG: projector, marks and adapter, with their manifest."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.bundle import Manifest
from edge.errors import UserError
from edge.labels import Waveform

DEFAULT_LANGUAGE_BUNDLE = Path(__file__).parent / "models" / "language"


class BundledFile(BaseModel):
    """A file of the bundle and its hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sha256: str


class PointerFile(BundledFile):
    """By waveform, in the order of outputs: the least probability of its being there, and of where."""

    presence: dict[Waveform, float]
    place: dict[Waveform, float]


class LanguageManifest(BaseModel):
    """`base_sha256` is the GGUF, `encoder_sha256` the encoder.onnx that it was taught on.

    `waveforms` are those that it was taught to locate; `most_spans` of each are told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    name: str
    version: str
    licence: str
    base_sha256: str
    encoder_sha256: str
    adapter: BundledFile
    projector: BundledFile
    marks: BundledFile
    pointer: PointerFile | None = None
    n_features: int
    width: int
    waveforms: tuple[Waveform, ...]
    most_spans: int
    training_data: tuple[str, ...]
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LanguageBundle:
    """A checked bundle."""

    folder: Path
    manifest: LanguageManifest

    @property
    def adapter(self) -> Path:
        """LoRA as GGUF."""
        return self.folder / self.manifest.adapter.name

    @property
    def projector(self) -> Path:
        """ONNX: `features`, `lead` to `rows`."""
        return self.folder / self.manifest.projector.name

    @property
    def marks(self) -> Path:
        """`[marks, width]` float32, in the order of `edge.soft_tokens.MARKS`."""
        return self.folder / self.manifest.marks.name


def load_language_bundle(folder: Path) -> LanguageBundle:
    """Read and check; raises `UserError` naming file and key."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise UserError(f"{path}: no language bundle here (manifest.json is missing)")
    try:
        manifest = LanguageManifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "(file)"
        raise UserError(f"{path}: {key}: {first['msg']}") from None
    for key in ("adapter", "projector", "marks", "pointer"):
        named: BundledFile | None = getattr(manifest, key)
        if named is not None:
            _check(path, key, folder / named.name, named.sha256)
    return LanguageBundle(folder, manifest)


def check_fits(bundle: LanguageBundle, model: Path, encoder: Manifest) -> None:
    """Raise `UserError` where the bundle was taught on another language model or another encoder."""
    manifest = bundle.folder / "manifest.json"
    if encoder.onnx_sha256 != bundle.manifest.encoder_sha256:
        raise UserError(
            f"{manifest}: encoder_sha256: taught on another ECG encoder than {encoder.name} {encoder.version}"
        )
    if file_sha256(model) != bundle.manifest.base_sha256:
        raise UserError(f"{manifest}: base_sha256: taught on another language model than {model}")


def file_sha256(path: Path) -> str:
    """Of the whole file."""
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(manifest: Path, key: str, file: Path, expected: str) -> None:
    if not file.is_file():
        raise UserError(f"{file}: the file that {manifest} names is missing")
    found = file_sha256(file)
    if found != expected:
        said = f"{manifest} key {key}.sha256 says {expected[:12]}..., file has {found[:12]}..."
        raise UserError(f"{file}: wrong hash, {said}")
