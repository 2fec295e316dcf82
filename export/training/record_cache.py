"""Prepared records on disk, one `.npz` each, split into training and development by patient."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from export.training.readers import READERS, read_noise
from export.training.records import TrainingRecord
from export.training.splits import (
    DEVELOPMENT,
    DS2,
    is_cinc2017_held_out,
    is_cudb_held_out,
    is_ludb_held_out,
    is_qtdb_held_out,
)

Groups = dict[str, list[TrainingRecord]]

CACHE_FORMAT = "2"  # a new one prepares everything again

_IS_HELD_OUT = {
    "cinc2017": is_cinc2017_held_out,
    "ludb": is_ludb_held_out,
    "qtdb": is_qtdb_held_out,
    "cudb": is_cudb_held_out,
}


def build_cache(data: Path) -> Path:
    """Read every database once; later calls find the files there."""
    cache = data / "prepared" / CACHE_FORMAT
    for source, read in READERS.items():
        folder = cache / source
        if (folder / "complete").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        for record in tqdm(read(data), desc=f"preparing {source}", unit=" records"):
            values = {name.name: getattr(record, name.name) for name in dataclasses.fields(record)}
            np.savez(folder / f"{record.name}.npz", **values)
        (folder / "complete").touch()
    return cache


def load_groups(
    data: Path, sources: list[str], *, held_out: bool
) -> tuple[Groups, list[npt.NDArray[np.float16]]]:
    """Records by database, either the patients held out or all others, and the noise recordings."""
    cache = build_cache(data)
    groups = {
        source: [
            _load(path)
            for path in sorted((cache / source).glob("*.npz"))
            if is_held_out(source, path.stem) is held_out
        ]
        for source in sources
    }
    assert not {r.name for r in groups.get("mitdb", [])} & DS2, "DS2 is for the final figure only"
    return {source: records for source, records in groups.items() if records}, list(read_noise(data))


def is_held_out(source: str, name: str) -> bool:
    """Whether this patient is kept from training."""
    rule = _IS_HELD_OUT.get(source)
    return rule(name) if rule else name in DEVELOPMENT


def _load(path: Path) -> TrainingRecord:
    with np.load(path) as stored:
        values: dict[str, Any] = {name: stored[name] for name in stored.files}
    known = values["beats_known"]
    return TrainingRecord(
        **{
            **values,
            "name": str(values["name"]),
            "screen": int(values["screen"]),
            "beats_known": (int(known[0]), int(known[1])),
        }
    )
