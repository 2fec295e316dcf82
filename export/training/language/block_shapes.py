"""What the shapes of a window's beats say of bundle branch block, by networks that never saw the patient."""

import csv
import tomllib
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import wfdb

from edge.bundle import DEFAULT_BUNDLE
from edge.conduction import CONDUCTION_FILE, ConductionModel, ShapeOdds, shape_odds
from export.training.conduction_cache import load_conduction
from export.training.conduction_records import patient_of_mitdb
from export.training.language.block_windows import shown_lead
from export.training.language.instructions import evidence_of
from export.training.records import FS_HZ, prepared_ecg
from export.training.train_conduction import unseen_networks, write_onnx

Row = dict[str, Any]
Float32 = npt.NDArray[np.float32]

_CONFIG: Final = Path("configs/training/conduction.toml")


class UnseenShapes:
    """Shapes of windows of those patients whose shapes were taught."""

    def __init__(self, data: Path) -> None:
        known = [one for one in load_conduction(data, DEFAULT_BUNDLE) if not one.is_held_out]
        networks = unseen_networks(known, tomllib.loads(_CONFIG.read_text()))
        with TemporaryDirectory() as folder:
            loaded = {id(network): _loaded(network, Path(folder)) for network in set(networks.values())}
        self._models = {patient: loaded[id(network)] for patient, network in networks.items()}
        self._data, self._ptbxl = data, _ptbxl_patients(data)

    def patient(self, row: Row) -> str | None:
        """As `export.training.conduction_records` names him; `None` where he is not among them."""
        database, name = row["database"], row["record"]
        patient = patient_of_mitdb(name) if database == "mitdb" else f"{database}-{name}"
        patient = self._ptbxl.get(name, "") if database == "ptbxl" else patient
        return patient if patient in self._models else None

    def odds(self, row: Row) -> ShapeOdds | None:
        """As the edge has them; `None` for an unknown patient, or where no beat is conducted."""
        patient = self.patient(row)
        if patient is None:
            return None
        return shape_odds(self._models[patient], self._lead_mv(row), evidence_of(row).beats)

    def _lead_mv(self, row: Row) -> Float32:
        if "view" in row:
            return shown_lead(self._data, row["database"], row["record"], row["view"])
        ecg_mv, leads = _record(_path(self._data, row))
        first = round(row["start_s"] * FS_HZ)
        cut = ecg_mv[first : first + row["seconds"] * FS_HZ, leads.index(row["leads"][0].upper())]
        return np.asarray(cut, np.float32)


def _loaded(network: Any, folder: Path) -> ConductionModel:
    write_onnx(network, folder / CONDUCTION_FILE)
    return ConductionModel(folder)


def _path(data: Path, row: Row) -> Path:
    if row["database"] == "ptbxl":
        thousand = int(row["record"].partition("_")[0]) // 1000 * 1000
        return data / "ptbxl" / "records500" / f"{thousand:05d}" / row["record"]
    return data / row["database"] / row["record"]


def _ptbxl_patients(data: Path) -> dict[str, str]:
    with (data / "ptbxl" / "ptbxl_database.csv").open(newline="") as table:
        return {Path(row["filename_hr"]).name: f"ptbxl-{row['patient_id']}" for row in csv.DictReader(table)}


@lru_cache(maxsize=32)
def _record(path: Path) -> tuple[npt.NDArray[np.float16], list[str]]:
    return prepared_ecg(path), [name.upper() for name in wfdb.rdheader(str(path)).sig_name]
