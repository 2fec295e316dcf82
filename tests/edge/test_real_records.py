"""Whole real recordings; skipped without the folder that HEARTH_DATA names (see docs/training.md)."""

import csv
import gzip
import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from edge.analysis import analyse
from edge.labels import Finding
from edge.pipeline import Pipeline
from edge.stream import MinuteSummary, PlacedBlock
from firmware_bridge.recordings import open_recording

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.data, pytest.mark.timeout(300)]


def real(name: str) -> Path:
    folder = os.environ.get("HEARTH_DATA")
    if not folder or not list(Path(folder).glob(f"{name}*")):
        pytest.skip(f"HEARTH_DATA names no folder with {name}: real recordings, see docs/training.md")
    return Path(folder) / name


@pytest.fixture(scope="module")
def scoring():
    spec = importlib.util.spec_from_file_location("beats", ROOT / "benchmarks" / "beats.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ventricular_beats_of_a_patient_held_out_from_training(encoder, scoring) -> None:
    pairs, _ = scoring.record_pairs(real("mitdb/119"), encoder)
    found = scoring.figures(pairs)
    assert min(found["Q_se"], found["Q_pp"]) > 99.8
    assert min(found["V_se"], found["V_pp"]) > 99


def test_pauses_of_a_training_patient_and_none_where_there_are_none(encoder) -> None:
    def pauses(name: str) -> list[int]:
        episodes = analyse(open_recording(real(name), [0]), encoder).episodes
        return [s.span.onset_index for s in episodes if s.phase == "new" and s.span.finding is Finding.PAUSE]

    assert pauses("mitdb/201")
    assert pauses("mitdb/101") == []


def test_beats_of_a_real_polar_h10_are_those_of_the_strap_itself(encoder) -> None:
    with gzip.open(real("polar_h10/polar_h10.csv.gz"), "rt") as file:
        rows = list(csv.DictReader(file))
    ecg_uv = np.array([round(float(row["ecg"]) * 1000) for row in rows if row["ecg"]], np.int32)
    start_ns = 60_000_000_000 * (int(float(rows[0]["time"])) // 60_000_000_000)
    pipeline = Pipeline(encoder, 130, 1)
    outputs = pipeline.feed(PlacedBlock(0, start_ns, ecg_uv[:, None])) + pipeline.flush()
    minutes = [output for output in outputs if isinstance(output, MinuteSummary)]
    n_straps = sum(1 for row in rows if row["rr"])
    n_ours = sum(sum(minute.beats.values()) for minute in minutes)
    assert n_ours == pytest.approx(n_straps, rel=0.01)
    assert sum(minute.analysable_s for minute in minutes) > 595
