"""Intervals, rhythms by rule, and the training of the sequence model, on a small folder of data."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundle import DEFAULT_BUNDLE
from edge.sequence_features import CLASS_FEATURES, FEATURES, N_RR_FEATURES
from export.sequence_model import BeatSequence, SequenceConfig
from export.training import beat_sequences, train_sequence
from export.training.beat_sequences import INTERVAL_READERS, interval_features
from export.training.score_sequence import predict
from export.training.sequence_cache import load_sequences
from export.training.simulated_rhythms import simulated_rhythm
from export.training.train_sequence import SequenceWindows, sequence_loss, train

CONFIG = Path(__file__).parents[2] / "configs" / "training" / "sequence.toml"
SOURCES = ["mitdb", "svdb", "cpsc2021", "afdb", "simulated"]


@pytest.fixture
def few_simulated(monkeypatch) -> None:
    monkeypatch.setitem(INTERVAL_READERS, "simulated", lambda _: beat_sequences.read_simulated(12))


@pytest.fixture
def sequence_settings() -> dict:
    loaded = tomllib.loads(CONFIG.read_text())
    loaded["data"] |= {"beats": 40, "weights": dict.fromkeys(SOURCES, 1.0)}
    loaded["model"]["width"] = 16
    loaded["optimizer"] |= {"steps": 3, "batch_size": 4, "warmup_steps": 1}
    loaded["run"]["evaluate_every"] = 3
    return loaded


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_simulated_rhythms_are_hearts(seed: int) -> None:
    rr_s, codes = simulated_rhythm(np.random.default_rng(seed))
    assert len(rr_s) == len(codes) == 700
    assert ((rr_s >= 0.28) & (rr_s <= 6.0)).all()
    assert set(codes) <= {0, 1}
    if (codes == 1).any() and (codes == 0).any():
        assert rr_s[codes == 1].mean() < rr_s[codes == 0].mean()


def test_features_of_intervals_stop_at_a_break() -> None:
    at_s = np.array([0, 0.8, 1.6, 30.0, 30.8])
    features = interval_features(at_s, np.array([True, False, False, True, False]))
    first = features[:, FEATURES.index("is_first")]
    assert first.tolist() == [1, 0, 0, 1, 0]
    assert features[:, FEATURES.index("next_is_known")].tolist() == [1, 1, 0, 1, 0]
    assert not features[:, N_RR_FEATURES:].any()


def test_af_is_read_from_annotations_alone(data) -> None:
    records = list(INTERVAL_READERS["afdb"](data))
    assert [record.name for record in records] == ["1", "2", "3"]
    assert records[0].af.tolist() == [0] * 200 + [1] * 200
    assert set(records[0].codes) == {-1}


def test_patients_are_held_out_whole(data, few_simulated) -> None:
    training, held_out = load_sequences(data, DEFAULT_BUNDLE, SOURCES)
    names = [{record.name.split("-")[0] for record in groups["mitdb"]} for groups in (training, held_out)]
    assert names[1] == {"108", "119", "223"}
    assert not names[0] & names[1]
    assert [record.name for record in held_out["afdb"]] == ["1"]
    record = training["mitdb"][0]
    assert set(record.codes) <= {-1, 0, 2}
    assert (record.features[:, N_RR_FEATURES] == 1).all()


def test_stretches_hide_blur_and_imagine(data, few_simulated, sequence_settings) -> None:
    training, _ = load_sequences(data, DEFAULT_BUNDLE, SOURCES)
    sequence_settings["data"] |= {"intervals_alone": 0.0, "imagined": 1.0, "spliced": 1.0}
    alike = [SequenceWindows(training, sequence_settings["data"], 3).batch(24) for _ in range(2)]
    for name in ("features", "codes", "af"):
        assert (alike[0][name] == alike[1][name]).all()
    features = alike[0]["features"].numpy()
    assert np.isfinite(features).all()
    assert (features[..., CLASS_FEATURES] <= 0).all()
    sequence_settings["data"] |= {"intervals_alone": 1.0, "imagined": 0.0, "spliced": 0.0}
    alone = SequenceWindows(training, sequence_settings["data"], 3).batch(24)["features"].numpy()
    assert not alone[..., N_RR_FEATURES:].any()


def test_training_leaves_a_checkpoint_that_remembers(
    data, few_simulated, sequence_settings, tmp_path
) -> None:
    train(sequence_settings, data, DEFAULT_BUNDLE, tmp_path)
    history = json.loads((tmp_path / "history.json").read_text())
    assert [row["step"] for row in history] == [0, 1, 2]
    assert "afdb AF Se" in history[-1]["dev"]
    model = BeatSequence.from_pretrained(tmp_path / "checkpoint")
    assert model.config.width == 16
    record = next(INTERVAL_READERS["afdb"](data))
    classes, af = predict(model.eval(), record)
    assert classes.shape == (400, 5)
    assert af.shape == (400,)
    assert SequenceConfig().lookahead_s + 1 <= 2


def test_a_cut_training_goes_on_as_if_it_had_not_been_cut(
    data, few_simulated, sequence_settings, tmp_path, monkeypatch
) -> None:
    sequence_settings["optimizer"]["steps"] = 5
    sequence_settings["run"] |= {"checkpoint_every": 2, "evaluate_every": 5}
    train(sequence_settings, data, DEFAULT_BUNDLE, tmp_path / "whole")
    losses = []

    def cut(*arguments: object) -> torch.Tensor:
        losses.append(sequence_loss(*arguments))
        if len(losses) == 4:
            raise KeyboardInterrupt
        return losses[-1]

    monkeypatch.setattr(train_sequence, "sequence_loss", cut)
    with pytest.raises(KeyboardInterrupt):
        train(sequence_settings, data, DEFAULT_BUNDLE, tmp_path / "cut")
    assert not (tmp_path / "cut" / "checkpoint").exists()
    train(sequence_settings, data, DEFAULT_BUNDLE, tmp_path / "cut")
    assert len(losses) == 4 + 3
    whole, resumed = (
        BeatSequence.from_pretrained(tmp_path / name / "checkpoint") for name in ("whole", "cut")
    )
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    histories = [(tmp_path / name / "history.json").read_text() for name in ("whole", "cut")]
    assert histories[0] == histories[1]
