"""A folder that is to hold one of our own models: read to the last key, or refused in one line."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from edge.errors import UserError
from export.checkpoint import read_model
from export.commands import export
from export.model import EcgEncoder
from export.sequence_model import BeatSequence


@pytest.fixture
def folder(model, tmp_path) -> Path:
    model.save_pretrained(tmp_path / "own")
    return tmp_path / "own"


def changed(folder: Path, change) -> None:
    path = folder / "model.safetensors"
    state = load_file(path)
    change(state)
    save_file(state, path, metadata={"format": "pt"})


class RunsOnLoading:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def test_what_was_saved_is_read(model, folder) -> None:
    read = read_model(EcgEncoder, folder).state_dict()
    assert all(torch.equal(read[key], value) for key, value in model.state_dict().items())


def test_a_pickle_of_weights_alone_is_read(model, folder) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    assert torch.equal(read_model(EcgEncoder, folder).norm.weight, model.norm.weight)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda state: state.pop("beat_head.bias"),
            "unknown layout; missing beat_head.bias; unexpected none",
        ),
        (
            lambda state: state.update({"foo": torch.zeros(2)}),
            "unknown layout; missing none; unexpected foo",
        ),
        (
            lambda state: state.update({"beat_head.bias": torch.zeros(2)}),
            r"unknown layout; beat_head.bias is \(2,\), expected \(1,\)",
        ),
        (
            lambda state: state.update({"beat_head.bias": torch.tensor([float("nan")])}),
            "not finite: beat_head.bias",
        ),
    ],
)
def test_other_weights_are_refused(folder, change, message) -> None:
    changed(folder, change)
    with pytest.raises(UserError, match=message):
        read_model(EcgEncoder, folder)


def test_another_kind_of_model_is_refused(folder) -> None:
    with pytest.raises(UserError, match="'hearth_ecg_encoder', expected 'hearth_beat_sequence'"):
        read_model(BeatSequence, folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [({"model_type": "hearth_ecg_encoder", "widths": "wide"}, "cannot be used"), ([], "cannot be used")],
)
def test_a_config_that_makes_no_model_is_named(folder, values, message) -> None:
    (folder / "config.json").write_text(json.dumps(values))
    with pytest.raises(UserError, match=rf"config\.json: {message}"):
        read_model(EcgEncoder, folder)


def test_what_is_missing_or_cut_is_named(folder) -> None:
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"model\.safetensors: damaged or truncated"):
        read_model(EcgEncoder, folder)
    weights.unlink()
    with pytest.raises(UserError, match=r"no weights here; expected model\.safetensors"):
        read_model(EcgEncoder, folder)
    (folder / "config.json").unlink()
    with pytest.raises(UserError, match=r"config\.json: is missing"):
        read_model(EcgEncoder, folder)


def test_a_pickle_that_runs_something_is_refused(folder, tmp_path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({"x": RunsOnLoading(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="refused: it asks to run"):
        read_model(EcgEncoder, folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--config", "no.toml"], r"--config no\.toml: cannot be read"),
        ([], r"--data .*: .* is missing; see docs/training\.md"),
    ],
)
def test_export_names_what_it_lacks(folder, tmp_path, words, message) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    export.add_arguments(parser)
    place = ["--checkpoint", str(folder), "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    with pytest.raises(UserError, match=message):
        export.run(parser.parse_args([*place, *words]))
    assert not (tmp_path / "out").exists()
