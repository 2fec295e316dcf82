"""A published checkpoint to a folder with `encoder.onnx` and `encoder.json`: read, recognise, gate, write."""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge.errors import UserError
from export.published.checkpoint import read_state
from export.published.encoder import PublishedEncoder
from export.published.families import Family, recognise
from export.published.gate import Agreement, compare, require_float, require_int8
from export.published.layout import load_strictly, tower
from export.published.to_onnx import INPUT, to_int8, to_onnx

MODEL_FILE, CONTRACT_FILE = "encoder.onnx", "encoder.json"
NOT_FOR_THE_EDGE = (
    "`hearth edge` does not run this encoder: it takes 1 to 3 leads as they come, this one a fixed window of"
    " its own leads and rate. Use it with onnxruntime."
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """An encoder with its weights; how many tensors of the file were its own, and how many other towers'."""

    family: Family
    encoder: PublishedEncoder
    n_tensors: int
    n_ignored: int


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was written, and how well it agrees with the checkpoint."""

    recognised: Recognised
    precision: str
    agreement: Agreement


def convert(checkpoint: Path, folder: Path, *, int8: bool = False) -> Conversion:
    """Write `folder`, or raise `UserError` and write nothing."""
    if (folder / "manifest.json").exists():
        raise UserError(f"{folder}: holds a bundle of Hearth's own encoder; name another folder")
    recognised = read_encoder(checkpoint)
    with TemporaryDirectory() as name:
        onnx, agreement = _through_the_gate(recognised.encoder, Path(name), int8=int8)
        conversion = Conversion(recognised, "int8 weights" if int8 else "float32", agreement)
        contract = json.dumps(_contract(conversion, checkpoint, onnx), indent=2)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(onnx, folder / MODEL_FILE)
    (folder / CONTRACT_FILE).write_text(contract + "\n")
    return conversion


def read_encoder(checkpoint: Path) -> Recognised:
    """Read a checkpoint of one of `FAMILIES`; `UserError` names the file and what does not fit."""
    state = read_state(checkpoint)
    try:
        family, prefix = recognise(state)
        tensors = tower(prefix, state)
        encoder = family.describe(tensors)
        _check_sizes(encoder)
        load_strictly(family.layout, tensors, encoder.module)
    except UserError as error:
        raise UserError(f"{checkpoint}: {error}") from None
    return Recognised(family, encoder, len(tensors), len(state) - len(tensors))


def _check_sizes(encoder: PublishedEncoder) -> None:
    for name, size in encoder.sizes.items():
        if size < 1:
            raise UserError(f"encoder shapes give {name} = {size}")


def _through_the_gate(encoder: PublishedEncoder, folder: Path, *, int8: bool) -> tuple[Path, Agreement]:
    float_path, int8_path = folder / "float.onnx", folder / "int8.onnx"
    to_onnx(encoder, float_path)
    agreement = compare(encoder, float_path)
    require_float(agreement)
    if not int8:
        return float_path, agreement
    to_int8(float_path, int8_path)
    agreement = compare(encoder, int8_path)
    require_int8(agreement)
    return int8_path, agreement


def _contract(conversion: Conversion, checkpoint: Path, onnx: Path) -> dict[str, Any]:
    recognised = conversion.recognised
    encoder = recognised.encoder
    return {
        "format_version": 1,
        "family": recognised.family.name,
        "source": recognised.family.source,
        "use": NOT_FOR_THE_EDGE,
        "checkpoint": {
            "file": checkpoint.name,
            "sha256": _sha256(checkpoint),
            "encoder_tensors": recognised.n_tensors,
            "ignored_tensors_of_other_towers": recognised.n_ignored,
        },
        "onnx_file": MODEL_FILE,
        "onnx_sha256": _sha256(onnx),
        "precision": conversion.precision,
        "sizes": encoder.sizes,
        "input": {"name": INPUT, "axes": "[batch, leads, samples] float32", **asdict(encoder.ecg)},
        "outputs": encoder.outputs,
        "agreement_with_torch": asdict(conversion.agreement),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
