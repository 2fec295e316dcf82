"""Windows of patients with bundle branch block whom the corpus lacks: LUDB, Georgia, CinC 2015.

The corpus has seven patients with left and eight with right block; these databases have eighteen and
twenty-three more (`export.training.conduction_records` says who, and by which word). Each is shown three
times, twelve-lead records with a little of other leads mixed in, since electrodes at home sit askew.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import wfdb
from tqdm import tqdm

from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.window_reading import read_window
from export.training.conduction_cache import load_conduction
from export.training.conduction_records import ConductionShape
from export.training.records import FS_HZ, prepared_ecg
from export.training.witness_lead import LEFT, NEITHER, RIGHT

Row = dict[str, Any]
Float32 = npt.NDArray[np.float32]

_FOLDER: Final = {"ludb": "ludb/data", "georgia": "georgia_sample", "cinc2015": "cinc2015_ecg"}
_CODE: Final = {NEITHER: None, LEFT: "L", RIGHT: "R"}
_SECONDS: Final = 10
_FIRSTS_S: Final = {"ludb": (0, 0, 0), "georgia": (0, 0, 0), "cinc2015": (100, 115, 130)}
_MIXED: Final = ("I", "V2", "V5")
_MIXED_SHARE: Final = 0.2
_MOST_WITHOUT: Final = 250


def make_block_windows(data: Path, out: Path) -> None:
    """Write `rows.jsonl` and `features.npy` as the corpus has them; nothing if they are there."""
    if (out / "rows.jsonl").is_file():
        return
    rows: list[Row] = []
    features: list[npt.NDArray[np.float16]] = []
    encoder = Encoder(DEFAULT_BUNDLE)
    for patient in tqdm(_chosen(load_conduction(data, DEFAULT_BUNDLE)), unit=" patients"):
        for row, of_window in _windows(data, patient, encoder):
            rows.append(row | {"first": sum(map(len, features))})
            features.append(of_window)
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "features.npy", np.concatenate(features))
    (out / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def read_block_windows(folder: Path) -> list[Row]:
    """The rows."""
    return [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]


def _chosen(shapes: list[ConductionShape]) -> list[ConductionShape]:
    """Each patient with a block, and some without; none who is held out."""
    own = [one for one in shapes if one.patient.split("-")[0] in _FOLDER and not one.is_held_out]
    without = [one for one in own if one.block == NEITHER]
    order = np.random.default_rng(6).permutation(len(without))[:_MOST_WITHOUT]
    return [one for one in own if one.block != NEITHER] + [without[i] for i in order]


def _windows(
    data: Path, patient: ConductionShape, encoder: Encoder
) -> Iterator[tuple[Row, npt.NDArray[np.float16]]]:
    database, name = patient.patient.split("-", 1)
    firsts_s = _FIRSTS_S[database][: 1 if patient.block == NEITHER else None]
    for view, first_s in enumerate(firsts_s):
        lead_mv = shown_lead(data, database, name, view)
        if len(lead_mv) == _SECONDS * FS_HZ:
            reading = read_window(encoder, np.ascontiguousarray(lead_mv[None]), ("II",))
            row = _row(patient, first_s) | {"view": view, "evidence": asdict(reading.evidence)}
            yield row, reading.features.reshape(-1, reading.features.shape[2]).astype(np.float16)


def shown_lead(data: Path, database: str, name: str, view: int) -> Float32:
    """The lead `[samples]` in mV of one of the windows of a patient, counted from 0."""
    path = data / _FOLDER[database] / name
    names = [lead.upper() for lead in wfdb.rdheader(str(path)).sig_name]
    first_s = _FIRSTS_S[database][view]
    cut = prepared_ecg(path).astype(np.float32)[first_s * FS_HZ : (first_s + _SECONDS) * FS_HZ]
    if not view or len(names) <= len(_MIXED):
        return np.asarray(cut[:, names.index("II")])
    rng = np.random.default_rng(list(f"{database}-{name}".encode()))
    return [_mixed(cut, names, rng) for _ in range(view)][-1]


def _mixed(ecg_mv: Float32, names: list[str], rng: np.random.Generator) -> Float32:
    shares = rng.normal(0, _MIXED_SHARE, len(_MIXED)).astype(np.float32)
    others = ecg_mv[:, [names.index(lead) for lead in _MIXED]]
    return np.asarray(ecg_mv[:, names.index("II")] + others @ shares, np.float32)


def _row(patient: ConductionShape, first_s: int) -> Row:
    database, name = patient.patient.split("-", 1)
    code = _CODE[patient.block]
    return {
        "database": database,
        "record": name,
        "held_out": False,
        "start_s": float(first_s),
        "leads": ["II"],
        "seconds": _SECONDS,
        "known": ["L", "R"],
        "spans": {code: [[0.0, float(_SECONDS)]]} if code else {},
    }
