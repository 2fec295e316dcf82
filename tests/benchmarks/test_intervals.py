"""AF by intervals alone: the ONNX model gives what torch gives, and time is counted beat by beat."""

import hashlib
import shutil
import warnings

import numpy as np
import pytest
import torch

from benchmarks import interval_model
from benchmarks.interval_model import IntervalModel, beat_times, hysteresis, rhythm_at
from benchmarks.intervals import run
from benchmarks.workplace import Workplace
from edge.bundle import DEFAULT_BUNDLE, Sequence, load_manifest, write_manifest
from edge.errors import UserError
from export.evaluation.annotations import Mark, from_marks
from export.sequence_model import BeatSequence, SequenceConfig
from export.to_onnx import to_onnx
from export.training.beat_sequences import BeatSequenceRecord, interval_features
from export.training.score_sequence import predict


@pytest.fixture(scope="module")
def model() -> BeatSequence:
    torch.manual_seed(0)
    return BeatSequence(SequenceConfig(width=16)).eval()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory, model):
    """Hearth's own, with an untrained sequence model."""
    folder = tmp_path_factory.mktemp("bundle")
    shutil.copytree(DEFAULT_BUNDLE, folder, dirs_exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's exporter, about itself
        to_onnx(model, folder / "sequence.onnx")
    sequence = Sequence(
        onnx_file="sequence.onnx",
        onnx_sha256=hashlib.sha256((folder / "sequence.onnx").read_bytes()).hexdigest(),
        features=tuple(model.config.features),
        width=16,
        lookahead_s=model.config.lookahead_s,
        delay_beats=model.config.delay_beats,
    )
    write_manifest(folder, load_manifest(DEFAULT_BUNDLE).model_copy(update={"sequence": sequence}))
    return folder


def beats_and_break() -> from_marks:
    rng = np.random.default_rng(0)
    samples = np.cumsum(rng.integers(80, 250, 300)).tolist()
    return from_marks([Mark(at, "|" if i == 100 else "N", 0, "") for i, at in enumerate(samples)], 250.0)


def test_the_probability_is_that_of_torch_whatever_the_pieces(bundle, model, monkeypatch) -> None:
    beats = beat_times(beats_and_break())
    features = interval_features(beats.at_s, beats.is_first)
    codes = np.zeros(len(features), np.int8)
    expected = predict(model, BeatSequenceRecord("made", features, codes, codes))[1]
    onnx = IntervalModel(bundle, load_manifest(bundle))
    assert onnx.af_probability(beats) == pytest.approx(expected, abs=1e-4)
    monkeypatch.setattr(interval_model, "BEATS_PER_CALL", 7)
    assert onnx.af_probability(beats) == pytest.approx(expected, abs=1e-4)


def test_no_interval_ends_where_a_stretch_begins() -> None:
    beats = beat_times(beats_and_break())
    assert len(beats.at_s) == 299
    assert np.flatnonzero(beats.is_first).tolist() == [0, 100]
    assert beats.rr_s[[0, 100]].tolist() == [0, 0]
    assert (np.delete(beats.rr_s, [0, 100]) > 0).all()


def test_hysteresis() -> None:
    found = hysteresis(np.array([0.5, 0.6, 0.5, 0.4, 0.3, 0.5], np.float32), 0.6, 0.4)
    assert found.tolist() == [False, True, True, True, False, False]


def test_rhythm_at_beats() -> None:
    changes = [(0, "(N"), (100, "(AFIB"), (200, "(AFL"), (300, "(J")]
    notes = from_marks([Mark(at, "+", 0, rhythm) for at, rhythm in changes], 100.0)
    assert rhythm_at(notes, np.array([0.5, 1.0, 1.5, 2.5, 3.5])).tolist() == [
        "other",
        "AF",
        "AF",
        "AFL",
        "other",
    ]


def test_a_bundle_without_sequence_model_is_refused(bundle, tmp_path) -> None:
    manifest = load_manifest(bundle).model_copy(update={"sequence": None})
    with pytest.raises(UserError, match="sequence"):
        IntervalModel(tmp_path, manifest)


def test_the_task_counts_all_of_every_third_record(bundle, tmp_path, write_rows) -> None:
    for database, suffix in (("afdb", "qrs"), ("nsrdb", "atr")):
        folder = tmp_path / database
        folder.mkdir()
        for name in ("a", "b", "c", "d"):
            (folder / f"{name}.hea").write_text(f"{name} 0 360 108000\n")
            write_rows(folder, name, "atr", [(10, "+", "(N"), (36_000, "+", "(AFIB"), (72_000, "+", "(N")])
            write_rows(folder, name, suffix, [(at, "N", "") for at in range(360, 108_000, 360)])
    result = run(Workplace(tmp_path, bundle, tmp_path / "work", None))
    afdb = result.tables[0].rows
    assert list(afdb) == ["a", "d", "gross"]
    assert (afdb["gross"]["AF s"], afdb["gross"]["other s"]) == (200, 396)
    assert afdb["gross"]["missed s"] in range(201)
    assert [figure.what for figure in result.figures] == [
        "AF by RR alone, afdb, Se / Sp",
        "AF by RR alone, nsrdb, Sp",
    ]
