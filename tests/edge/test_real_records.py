"""Whole real recordings; skipped without the folder that HEARTH_DATA names (see docs/training.md)."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from edge.analysis import analyse, write_annotations
from edge.labels import Finding
from edge.pipeline import Pipeline
from edge.stream import MinuteSummary, PlacedBlock
from export.evaluation.annotations import read_record
from export.evaluation.beats import detections, score_beats, ventricular
from firmware_bridge.recordings import open_recording

pytestmark = [pytest.mark.data, pytest.mark.timeout(300)]


def real(name: str) -> Path:
    folder = os.environ.get("HEARTH_DATA")
    if not folder or not list(Path(folder).glob(f"{name}*")):
        pytest.skip(f"HEARTH_DATA names no folder with {name}: real recordings, see docs/training.md")
    return Path(folder) / name


def test_ventricular_beats_of_a_patient_held_out_from_training(encoder, tmp_path) -> None:
    path = real("mitdb/119")
    recording = open_recording(path, [0])
    write_annotations(analyse(recording, encoder), "119", "hrt", recording.fs_hz, tmp_path)
    score = score_beats(read_record("119", path.parent, "atr", "hrt", tmp_path))
    assert min(ratio.percent for ratio in detections(score)) > 99.8
    assert min(ratio.percent for ratio in ventricular(score)[:2]) > 99


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
