"""Beat sequences of all sources, kept on disk, split into training and held-out patients."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from export.training.beat_sequences import INTERVAL_READERS, BeatSequenceRecord
from export.training.record_cache import is_held_out

SequenceGroups = dict[str, list[BeatSequenceRecord]]

CACHE_FORMAT = "2"
_HELD_OUT_EVERY = {
    "afdb": 3,
    "nsrdb": 3,
    "nsr2db": 3,
    "ltafdb": 6,
    "edb": 9,
    "vitaldb": 10,
    "sddb": 12,
    "simulated": 10,
}


def load_sequences(data: Path, encoder: Path, sources: list[str]) -> tuple[SequenceGroups, SequenceGroups]:
    """Training and held-out records by source; `encoder` is the bundle whose beats are taken."""
    groups = _intervals(data, sources) | _encoded(data, encoder)
    training: SequenceGroups = {}
    held_out: SequenceGroups = {}
    for source in sources:
        for i, record in enumerate(groups[source]):
            part = held_out if _is_held_out(source, i, record.name) else training
            part.setdefault(source, []).append(record)
    return training, held_out


def _is_held_out(source: str, i: int, name: str) -> bool:
    """Whole patients: by name where there are signals, else every third, sixth, ... recording."""
    if source in INTERVAL_READERS:
        return i % _HELD_OUT_EVERY[source] == 0
    return is_held_out(source, name.rpartition("-")[0])


def _intervals(data: Path, sources: list[str]) -> SequenceGroups:
    cache, groups = data / "prepared" / f"intervals-{CACHE_FORMAT}", {}
    for source in (name for name in sources if name in INTERVAL_READERS):
        read, folder = INTERVAL_READERS[source], cache / source
        if not (folder / "complete").exists():
            _store(tqdm(read(data), desc=f"preparing {source}", unit=" records"), folder)
        groups[source] = _load(folder)
    return groups


def _encoded(data: Path, bundle: Path) -> SequenceGroups:
    """Kept beside the data under the hash of the encoder that found them."""
    from export.training.encoded_sequences import encode_all

    stamp = hashlib.sha256((bundle / "encoder.onnx").read_bytes()).hexdigest()[:16]
    cache = data / "prepared" / f"encoded-{CACHE_FORMAT}-{stamp}"
    if not (cache / "complete").exists():
        for source, record in encode_all(data, bundle):
            _store([record], cache / source)
        (cache / "complete").touch()
    return {folder.name: _load(folder) for folder in cache.iterdir() if folder.is_dir()}


def _store(records: Iterable[BeatSequenceRecord], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for record in records:
        np.savez(folder / f"{record.name}.npz", features=record.features, codes=record.codes, af=record.af)
    (folder / "complete").touch()


def _load(folder: Path) -> list[BeatSequenceRecord]:
    records = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as stored:
            records.append(BeatSequenceRecord(path.stem, stored["features"], stored["codes"], stored["af"]))
    return records
