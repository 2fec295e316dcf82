"""The model bundle: a folder with `manifest.json` and the ONNX file, everything that a model implies."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import UserError
from edge.labels import BeatClass, Rhythm

DEFAULT_BUNDLE = Path(__file__).parent / "models" / "encoder"

Probability = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class Thresholds(BaseModel):
    """Where a probability becomes a decision; found on development patients."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    beat: Probability
    class_weight: dict[BeatClass, Positive]
    af_on: Probability
    af_off: Probability
    vf: Probability
    analysable: Probability


class Sequence(BaseModel):
    """The second stage: decides each beat `lookahead_s` after it, and AF `delay_beats` after.

    A bundle without it lets the encoder decide alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    onnx_file: str
    onnx_sha256: str
    features: tuple[str, ...]
    width: Annotated[int, Field(gt=0)]
    lookahead_s: Positive
    delay_beats: Annotated[int, Field(ge=0)]


class Manifest(BaseModel):
    """What the models of a bundle expect and say.

    Of each window of `window_s`, the `stride_s` seconds before the last `lookahead_s` are kept.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[2] = 2
    name: str
    version: str
    licence: str
    onnx_file: str
    onnx_sha256: str
    fs_hz: Annotated[int, Field(gt=0)]
    frames_per_second: Annotated[int, Field(gt=0)]
    window_s: Annotated[int, Field(gt=0)]
    stride_s: Annotated[int, Field(gt=0)]
    lookahead_s: Annotated[int, Field(ge=0)]
    max_leads: Annotated[int, Field(gt=0)]
    beat_classes: tuple[BeatClass, ...]
    rhythms: tuple[Rhythm, ...]
    waves: tuple[str, ...]
    screens: tuple[str, ...]
    frame_width: int
    embedding_width: int
    text_width: int
    sequence: Sequence | None
    thresholds: Thresholds
    training_data: tuple[str, ...]
    figures: dict[str, Any]


def load_manifest(folder: Path) -> Manifest:
    """Read and check a bundle: the manifest parses, the model files are there and have the stated hashes."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise UserError(f"{path}: no model bundle here (manifest.json is missing)")
    manifest = _parse(path)
    _check_file(path, "onnx_sha256", folder / manifest.onnx_file, manifest.onnx_sha256)
    if second := manifest.sequence:
        _check_file(path, "sequence.onnx_sha256", folder / second.onnx_file, second.onnx_sha256)
    return manifest


def _check_file(manifest: Path, key: str, model: Path, expected: str) -> None:
    if not model.is_file():
        raise UserError(f"{model}: the model file that {manifest} names is missing")
    found = hashlib.sha256(model.read_bytes()).hexdigest()
    if found != expected:
        raise UserError(
            f"{model}: wrong hash, {manifest} key {key} says {expected[:12]}..., file has {found[:12]}..."
        )


def _parse(path: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "(file)"
        raise UserError(f"{path}: {key}: {first['msg']}") from None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json` beside the model."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2)
    (folder / "manifest.json").write_text(text + "\n")
