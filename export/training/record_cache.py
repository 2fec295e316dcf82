"""Prepared records on disk, one `.npz` each, split into training and development by patient."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from export.training.records import DS2, READERS, TrainingRecord, read_noise

Groups = dict[str, list[TrainingRecord]]
_FIELDS = [field.name for field in dataclasses.fields(TrainingRecord)]


def build_cache(data: Path) -> Path:
    """Read every database once; later calls find the files there."""
    cache = data / "prepared"
    for source, read in READERS.items():
        folder = cache / source
        if (folder / "complete").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        for record in tqdm(read(data), desc=f"preparing {source}", unit=" records"):
            np.savez(folder / f"{record.name}.npz", **dataclasses.asdict(record))
        (folder / "complete").touch()
    return cache


def load_groups(
    data: Path, settings: dict[str, Any], *, dev: bool
) -> tuple[Groups, list[npt.NDArray[np.float16]]]:
    """Records by database, either the development patients or all others, and the noise recordings."""
    cache = build_cache(data)
    groups = {
        source: [
            _load(path)
            for path in sorted((cache / source).glob("*.npz"))
            if _is_dev(path.stem, settings) is dev
        ]
        for source in READERS
    }
    assert not {r.name for r in groups["mitdb"]} & DS2, "DS2 is for the final figure only"
    return {source: records for source, records in groups.items() if records}, list(read_noise(data))


def _is_dev(name: str, settings: dict[str, Any]) -> bool:
    if name.startswith("A"):
        share: float = settings["dev_share_cinc2017"]
        return int(name[1:]) % 100 < 100 * share
    return name in settings["dev_records"]


def _load(path: Path) -> TrainingRecord:
    with np.load(path) as stored:
        values = {name: stored[name] for name in _FIELDS}
    return TrainingRecord(**{**values, "name": str(values["name"]), "has_beats": bool(values["has_beats"])})
