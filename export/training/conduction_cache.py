"""Shapes of beats with known conduction, kept beside the data under the hash of the encoder."""

import hashlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from edge.beat_shape import SHAPE_SAMPLES
from edge.encoder import Encoder
from export.training.conduction_records import ConductionShape, conduction_shapes

CACHE_FORMAT = "1"


def load_conduction(data: Path, bundle: Path) -> list[ConductionShape]:
    """All of them, read and encoded where they are not yet kept."""
    stamp = hashlib.sha256((bundle / "encoder.onnx").read_bytes()).hexdigest()[:16]
    path = data / "prepared" / f"conduction-{CACHE_FORMAT}-{stamp}.npz"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        _store(list(tqdm(conduction_shapes(data, Encoder(bundle)), desc="encoding", unit=" shapes")), path)
    return _load(path)


def _store(found: list[ConductionShape], path: Path) -> None:
    np.savez(
        path,
        patients=[one.patient for one in found],
        blocks=[one.block for one in found],
        leads=[" ".join(one.leads) for one in found],
        held_out=[one.is_held_out for one in found],
        rows=np.concatenate([one.shapes for one in found]),
    )


def _load(path: Path) -> list[ConductionShape]:
    with np.load(path) as stored:
        leads = [tuple(text.split()) for text in stored["leads"].tolist()]
        stops = np.cumsum([len(names) for names in leads])
        shapes = np.split(stored["rows"].reshape(-1, SHAPE_SAMPLES), stops[:-1])
        patients, blocks, out = (stored[name].tolist() for name in ("patients", "blocks", "held_out"))
    return [ConductionShape(*one) for one in zip(patients, blocks, leads, shapes, out, strict=True)]
