"""A published checkpoint becomes ONNX that computes what the published network computes."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import save_file

from edge.command_line import main
from edge.errors import UserError
from export.published import gate
from export.published.convert import convert, read_encoder
from export.published.to_onnx import to_onnx

SIZES = {"leads": 12, "width": 128, "blocks": 3, "heads": 2, "hidden": 192, "joint_width": 48}
OTHER_TOWERS = {
    "text.transformer.embeddings.word_embeddings.weight": torch.zeros(30, 8),
    "text_decoder.resblocks.0.attn.in_proj_weight": torch.zeros(24, 8),
    "logit_scale": torch.tensor(2.6),
}

pytestmark = pytest.mark.filterwarnings("ignore:builtin type .*:DeprecationWarning")


@pytest.fixture(params=["ecg_coca", "anyecg"])
def reference(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def checkpoint(reference, tmp_path) -> Path:
    path = tmp_path / "encoder.safetensors"
    save_file(reference.state, path)
    return path


def noise(reference, n_batch: int) -> torch.Tensor:
    return torch.randn(n_batch, 12, reference.n_samples, generator=torch.Generator().manual_seed(n_batch))


@pytest.mark.parametrize("n_batch", [1, 2, 5])
def test_the_module_computes_what_the_published_network_computes(reference, checkpoint, n_batch) -> None:
    ecg = noise(reference, n_batch)
    encoder = read_encoder(checkpoint).encoder
    with torch.no_grad():
        found = dict(zip(encoder.outputs, encoder.module.eval()(ecg), strict=True))
    expected = reference.outputs(ecg)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values, rtol=1e-5, atol=1e-5)


def test_the_graph_computes_what_the_published_network_computes(reference, checkpoint, tmp_path) -> None:
    convert(checkpoint, tmp_path / "out")
    session = ort.InferenceSession(tmp_path / "out" / "encoder.onnx")
    for n_batch in (1, 4):
        ecg = noise(reference, n_batch)
        expected = reference.outputs(ecg)
        found = session.run(list(expected), {"ecg": ecg.numpy()})
        for values, name in zip(found, expected, strict=True):
            np.testing.assert_allclose(values, expected[name].numpy(), rtol=1e-5, atol=1e-5)


def test_int8_points_where_the_published_network_points(reference, checkpoint, tmp_path) -> None:
    done = convert(checkpoint, tmp_path / "out", int8=True)
    assert done.agreement.smallest_cosine > 0.98
    ecg = noise(reference, 2)
    expected = reference.outputs(ecg)["ecg_embedding"].numpy()
    path = tmp_path / "out" / "encoder.onnx"
    (found,) = ort.InferenceSession(path).run(["ecg_embedding"], {"ecg": ecg.numpy()})
    cosine = (found * expected).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosine.min() > 0.98
    assert not np.array_equal(found, expected)
    assert path.stat().st_size < 0.5 * checkpoint.stat().st_size


def test_the_contract_says_what_goes_in_and_comes_out(reference, checkpoint, tmp_path) -> None:
    convert(checkpoint, tmp_path / "out")
    contract = json.loads((tmp_path / "out" / "encoder.json").read_text())
    assert contract["onnx_sha256"] == sha256(tmp_path / "out" / "encoder.onnx")
    assert contract["checkpoint"]["sha256"] == sha256(checkpoint)
    assert contract["sizes"].items() >= SIZES.items()
    assert "does not run" in contract["use"]
    session = ort.InferenceSession(tmp_path / "out" / "encoder.onnx")
    (ecg,) = session.get_inputs()
    assert ecg.name == contract["input"]["name"]
    assert ecg.shape == ["batch", contract["input"]["n_leads"], contract["input"]["n_samples"]]
    assert [output.name for output in session.get_outputs()] == list(contract["outputs"])


def test_a_training_checkpoint_with_all_towers_is_taken_apart(ecg_coca, tmp_path) -> None:
    # as open_clip's training writes it: distributed prefix, optimizer, learning rate as a numpy number
    state = {f"module.{key}": value for key, value in (ecg_coca.state | OTHER_TOWERS).items()}
    group = {"lr": np.float64(1e-4), "betas": (0.9, 0.98), "params": [0, 1]}
    optimizer = {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [group]}
    whole = {"epoch": 20, "name": "coca", "state_dict": state, "optimizer": optimizer}
    torch.save(whole, tmp_path / "epoch_20.pt")
    read = read_encoder(tmp_path / "epoch_20.pt")
    assert (read.family.name, read.n_tensors, read.n_ignored) == ("ecg-coca", len(ecg_coca.state), 3)
    assert same_as(ecg_coca, read.encoder)


@pytest.mark.parametrize("prefix", ["ecg_model.model.", "ecg_model.", ""])
def test_anyecg_is_found_under_each_published_prefix(anyecg, tmp_path, prefix) -> None:
    state = {prefix + key: value for key, value in anyecg.state.items()}
    if prefix:
        state |= {"projection.0.weight": torch.zeros(2, 2), "language_model.lm_head.weight": torch.zeros(2)}
    torch.save(state, tmp_path / "model_epoch9.bin")
    read = read_encoder(tmp_path / "model_epoch9.bin")
    assert (read.family.name, read.n_ignored) == ("anyecg-vit", 2 if prefix else 0)
    assert same_as(anyecg, read.encoder)


def test_anyecg_without_its_last_layer_gives_tokens_alone(anyecg, tmp_path) -> None:
    state = {key: value for key, value in anyecg.state.items() if key != "fc.weight"}
    torch.save(state, tmp_path / "model.pth")
    done = convert(tmp_path / "model.pth", tmp_path / "out")
    assert list(done.recognised.encoder.outputs) == ["last_hidden"]
    assert "joint_width" not in done.recognised.encoder.sizes


def test_half_precision_is_widened(ecg_coca, tmp_path) -> None:
    save_file({key: value.half() for key, value in ecg_coca.state.items()}, tmp_path / "half.safetensors")
    done = convert(tmp_path / "half.safetensors", tmp_path / "out")
    assert all(parameter.dtype == torch.float32 for parameter in done.recognised.encoder.module.parameters())


def test_other_weights_do_not_pass_and_nothing_is_written(
    reference, checkpoint, tmp_path, monkeypatch
) -> None:
    from export.published import convert as steps

    def with_one_weight_changed(encoder, path) -> None:
        exported(encoder, path)
        with torch.no_grad():
            encoder.module.blocks[1].feed_out.weight[0, 0] += 0.1

    exported = steps.to_onnx
    monkeypatch.setattr(steps, "to_onnx", with_one_weight_changed)
    with pytest.raises(UserError, match=r"ONNX differs from torch by \d.*e-0\d, allowed 1e-05; nothing"):
        convert(checkpoint, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_int8_that_is_too_coarse_does_not_pass(ecg_coca, tmp_path, monkeypatch) -> None:
    save_file(ecg_coca.state, tmp_path / "c.safetensors")
    monkeypatch.setattr(gate, "INT8_COSINE", 0.9999999)
    with pytest.raises(UserError, match=r"int8 agrees with torch to cosine 0\.\d+, required"):
        convert(tmp_path / "c.safetensors", tmp_path / "out", int8=True)
    assert not (tmp_path / "out").exists()


def test_a_graph_with_other_outputs_does_not_pass(ecg_coca, anyecg, tmp_path) -> None:
    save_file(ecg_coca.state, tmp_path / "c.safetensors")
    save_file(anyecg.state, tmp_path / "a.safetensors")
    convert(tmp_path / "a.safetensors", tmp_path / "out")
    other = read_encoder(tmp_path / "c.safetensors").encoder
    with pytest.raises(UserError, match=r"outputs are \['last_hidden', 'ecg_embedding'\], expected"):
        gate.compare(other, tmp_path / "out" / "encoder.onnx")


def test_not_a_number_never_passes() -> None:
    nan = float("nan")
    with pytest.raises(UserError, match="differs from torch by nan"):
        gate.require_float(gate.Agreement(nan, nan))
    with pytest.raises(UserError, match="cosine nan"):
        gate.require_int8(gate.Agreement(nan, nan))


def test_hearths_own_bundle_is_not_written_over(checkpoint, tmp_path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match="Hearth's own encoder"):
        convert(checkpoint, tmp_path)


def test_the_command_converts_and_says_what_it_did(reference, checkpoint, tmp_path, capsys) -> None:
    assert main(["export", "--checkpoint", str(checkpoint), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert f"{len(reference.state)} tensors are the encoder's, 0 of other towers" in said
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"encoder.onnx", "encoder.json"}


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone.pt", "no checkpoint here"), ("folder", "--data: the gate of Hearth's own checkpoint needs")],
)
def test_the_command_says_in_a_line_what_is_missing(tmp_path, capsys, name, message) -> None:
    (tmp_path / "folder").mkdir()
    assert main(["export", "--checkpoint", str(tmp_path / name), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def same_as(reference, encoder) -> bool:
    ecg = noise(reference, 2)
    with torch.no_grad():
        found = dict(zip(encoder.outputs, encoder.module(ecg), strict=True))
    return all(
        torch.allclose(found[name], values, atol=1e-5) for name, values in reference.outputs(ecg).items()
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "value"), [("joint.weight", float("nan")), ("norm_after.bias", float("inf"))]
)
def test_values_that_are_no_numbers_do_not_pass(anyecg, tmp_path, name, value) -> None:
    save_file(anyecg.state, tmp_path / "encoder.safetensors")
    encoder = read_encoder(tmp_path / "encoder.safetensors").encoder
    torch.nn.init.constant_(encoder.module.get_parameter(name), value)
    to_onnx(encoder, tmp_path / "float.onnx")
    agreement = gate.compare(encoder, tmp_path / "float.onnx")
    for require in (gate.require_float, gate.require_int8):
        with pytest.raises(UserError, match="nothing written"):
            require(agreement)
