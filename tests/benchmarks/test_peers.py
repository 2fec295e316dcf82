"""Each peer that is installed keeps the contract: beats of one lead, in order, at its sampling frequency."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detections import PEERS, peer_records
from benchmarks.peers.__main__ import NOT_INSTALLED
from benchmarks.workplace import Workplace

ROOT = Path(__file__).parents[2]
REQUIRED = {
    "xqrs": "wfdb",
    "neurokit": "neurokit2",
    "sleepecg": "sleepecg",
    "biosppy": "biosppy",
    "openecg": "openecg",
}
N_BEATS_A_MINUTE = 102  # of the 509 that the annotators have in five minutes


def run_peer(name: str, folder: Path) -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        "-m",
        "benchmarks.peers",
        name,
        str(folder / "in.npz"),
        str(folder / "out.npz"),
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_gives_beats_in_order_or_says_what_is_missing(name, ecg_mv, tmp_path) -> None:
    np.savez(tmp_path / "in.npz", minute=np.append(360.0, ecg_mv[: 60 * 360]))
    done = run_peer(name, tmp_path)
    if importlib.util.find_spec(REQUIRED[name]) is None:
        assert done.returncode == NOT_INSTALLED
        assert name in done.stderr
        return
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as found:
        samples, symbols = found["minute/samples"], found["minute/symbols"]
        assert len(samples) == len(symbols) == pytest.approx(N_BEATS_A_MINUTE, rel=0.15)
        assert (np.diff(samples) > 0).all()
        assert 0 <= samples[0] < samples[-1] < 60 * 360
        assert set(symbols) <= set("NV/FQ")
        assert "QRS" in found["says"]


def test_what_a_peer_found_is_kept_and_read_as_annotations(data, tmp_path) -> None:
    place = Workplace(data, tmp_path, tmp_path / "work", Path(sys.executable))
    first = peer_records(place, "sleepecg", "mitdb", ["100"])
    assert first.label.startswith("sleepecg ")
    assert first.says == ("QRS",)
    assert (
        first.records["100"].test.sample.tolist()
        == first.records["100"]
        .reference.sample[np.array(first.records["100"].reference.symbol) == "N"]
        .tolist()
    )
    again = peer_records(place, "sleepecg", "mitdb", ["100"])
    assert (again.label, again.says) == (first.label, first.says)


def test_without_peers_nothing_runs(data, tmp_path) -> None:
    assert peer_records(Workplace(data, tmp_path, tmp_path, None), "xqrs", "mitdb", ["100"]).absent
