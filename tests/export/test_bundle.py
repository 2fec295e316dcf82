"""The gate: what agrees is written, what does not is not, and the message says by how much."""

import os
import tomllib
import warnings
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from edge.bundle import DEFAULT_BUNDLE, Thresholds, load_manifest, write_manifest
from edge.encoder import Encoder
from edge.labels import Finding
from edge.wave_order import Wave, WaveKind
from export.bundle import Checkpoints, Provenance, _manifest, write_bundle
from export.decision_parity import DecisionReport, Decisions, Told, check_decisions, compare, told_by
from export.model import EcgEncoder
from export.parity import ParityError, check_parity
from export.quantize import quantize
from export.sequence_model import BeatSequence, SequenceConfig
from export.to_onnx import to_onnx
from export.torch_run import TorchRun
from export.training.train import development_windows

CONFIG = Path(__file__).parents[2] / "configs" / "training" / "encoder.toml"
CHECKPOINTS = Path(__file__).parents[2] / "export" / "checkpoints"
TRAINED = Checkpoints(CHECKPOINTS / "encoder", CHECKPOINTS / "sequence")
PROVENANCE = Provenance("0.0.1", ("test",))
ALL_AGREE = DecisionReport(1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
THRESHOLDS = Thresholds(beat=0.3, class_weight={}, af_on=0.6, af_off=0.4, vf=0.5, analysable=0.5)

# torch's own tracer warns about shapes that become constants; the parity gate checks that none did
pytestmark = pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def exported(model, windows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        to_onnx(model, folder / "float.onnx")
        quantize(folder / "float.onnx", folder / "int8.onnx", windows[::2])
    return folder


def test_the_checkpoint_becomes_a_bundle_that_the_edge_runs(windows, tmp_path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = write_bundle(TRAINED, tmp_path / "bundle", windows, THRESHOLDS, PROVENANCE)
    assert report.values.float_max_difference < 1e-3
    assert report.decisions.float_to_int8.wave_agreement >= 0.97
    assert set(asdict(report.decisions.torch_to_float).values()) == {1.0}
    written = load_manifest(tmp_path / "bundle").figures
    assert written["parity"]["episode_agreement"] == report.decisions.float_to_int8.episode_agreement
    assert written["parity"]["beat_agreement"] == report.values.beat_agreement
    assert written["decisions_torch_to_int8"] == asdict(report.decisions.torch_to_int8)
    frames = Encoder(tmp_path / "bundle").run(windows[0])
    trained = EcgEncoder.from_pretrained(TRAINED.encoder).eval()
    with torch.no_grad():
        expected = torch.sigmoid(trained(torch.from_numpy(windows[0])[None]).beat_logits)[0].numpy()
    np.testing.assert_allclose(frames.beat, expected, atol=0.15)
    assert expected.max() > 0.3


def test_other_weights_do_not_pass(model, windows, exported, tmp_path) -> None:
    other = EcgEncoder(model.config).eval()
    manifest = manifest_of(model, exported)
    with pytest.raises(ParityError, match="float ONNX differs from torch by"):
        check_parity(other, exported / "float.onnx", exported / "int8.onnx", windows, manifest)


def test_values_that_are_no_numbers_do_not_pass(model, windows, exported) -> None:
    other = EcgEncoder(model.config).eval()
    other.load_state_dict(model.state_dict())
    torch.nn.init.constant_(other.wave_head.bias, float("nan"))  # an output that no beat depends on
    with pytest.raises(ParityError, match="float ONNX differs from torch by nan"):
        check_parity(
            other, exported / "float.onnx", exported / "int8.onnx", windows, manifest_of(model, exported)
        )


def test_wrong_output_names_do_not_pass(model, windows, exported, tmp_path) -> None:
    import onnx

    graph = onnx.load(exported / "float.onnx")
    del graph.graph.output[4]
    onnx.save(graph, tmp_path / "cut.onnx")
    with pytest.raises(ParityError, match=r"cut.onnx: outputs are"):
        check_parity(
            model, tmp_path / "cut.onnx", exported / "int8.onnx", windows, manifest_of(model, exported)
        )


def test_a_failed_gate_writes_nothing(model, windows, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("export.parity.FLOAT_TOLERANCE", 0.0)
    model.save_pretrained(tmp_path / "checkpoint")
    warnings.simplefilter("ignore")
    with pytest.raises(ParityError, match="allowed 0e"):
        write_bundle(
            Checkpoints(tmp_path / "checkpoint", None), tmp_path / "bundle", windows, THRESHOLDS, PROVENANCE
        )
    assert not (tmp_path / "bundle").exists()


def manifest_of(model, exported):
    (exported / "encoder.onnx").write_bytes((exported / "int8.onnx").read_bytes())
    return _manifest(model, None, exported, THRESHOLDS, PROVENANCE)


def test_other_episodes_do_not_pass_and_nothing_is_written(windows, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("export.decision_parity.EPISODE_AGREEMENT", 1.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ParityError, match=r"of episode decisions, required 1\.01"):
            write_bundle(TRAINED, tmp_path / "bundle", windows, THRESHOLDS, PROVENANCE)
    assert not (tmp_path / "bundle").exists()


def test_what_sees_something_else_does_not_pass(windows, exported, model) -> None:
    write_manifest(exported, manifest_of(model, exported))
    ours, other = Encoder(DEFAULT_BUNDLE), Encoder(exported)
    with pytest.raises(ParityError, match=r"int8 agrees with torch on 0\.\d{4} of"):
        check_decisions(ours, ours, other, windows[:6])
    with pytest.raises(ParityError, match=r"float agrees with torch on 0\.\d{4} of"):
        check_decisions(other, ours, ours, windows[:6])
    same = check_decisions(ours, ours, ours, windows[:6])
    assert same == Decisions(ALL_AGREE, ALL_AGREE, ALL_AGREE)


def test_the_pipeline_runs_with_torch(windows, model, tmp_path) -> None:
    """Small random models, which see beats and waves everywhere."""
    torch.manual_seed(1)
    sequence = BeatSequence(SequenceConfig(width=16)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        to_onnx(model, tmp_path / "encoder.onnx")
        to_onnx(sequence, tmp_path / "sequence.onnx")
    eager = THRESHOLDS.model_copy(update={"beat": 0.01, "analysable": 0.0})
    write_manifest(tmp_path, _manifest(model, sequence, tmp_path, eager, PROVENANCE))
    ecg_uv = np.round(1000 * np.concatenate([window[0] for window in windows[:3]])[:, None]).astype(np.int32)
    by_torch = told_by(Encoder(tmp_path, TorchRun(model), TorchRun(sequence)), ecg_uv)
    assert len(by_torch.beats) > 10
    assert compare(by_torch, told_by(Encoder(tmp_path), ecg_uv)) == ALL_AGREE
    torch.nn.init.normal_(sequence.class_head[2].bias, std=10.0)  # torch alone has it
    changed = told_by(Encoder(tmp_path, TorchRun(model), TorchRun(sequence)), ecg_uv)
    assert compare(by_torch, changed).class_agreement < 1
    other = told_by(Encoder(tmp_path, TorchRun(EcgEncoder(model.config))), ecg_uv)
    assert compare(by_torch, other).beat_agreement < 1


def test_each_kind_of_decision_is_compared() -> None:
    qrs = [Wave(WaveKind.QRS, at, at + 0.04, at + 0.1, 0.1) for at in (1.0, 2.0, 3.0)]
    late = [replace(qrs[0], end_s=1.13), qrs[1], replace(qrs[2], peak_s=3.5)]
    pause, couplet = (Finding.PAUSE, 5.0, 8.0), (Finding.VENTRICULAR_COUPLET, 5.0, 6.0)
    ours = Told([pause, couplet], frozenset({3, 4}), qrs, [("N", 1.0), ("V", 2.0), ("N", 3.0)])
    assert compare(ours, ours) == ALL_AGREE
    beats = [("N", 1.04), ("N", 2.0), ("N", 3.06)]
    theirs = Told([couplet, (Finding.PAUSE, 9.0, 12.0)], frozenset({4, 5}), late, beats)
    assert compare(ours, theirs) == DecisionReport(1 / 3, 1 / 3, 2 / 4, 3 / 4, 2 / 4, 1 / 2)
    nothing = Told([], frozenset(), [], [])
    assert compare(nothing, nothing) == ALL_AGREE
    assert compare(ours, nothing).episode_agreement == 0
    assert compare(ours, nothing).beat_agreement == 0


@pytest.mark.data
@pytest.mark.timeout(300)
def test_torch_float_and_int8_decide_alike_on_patients_held_out(tmp_path) -> None:
    folder = os.environ.get("HEARTH_DATA")
    if not folder or not (Path(folder) / "cudb").is_dir():
        pytest.skip("HEARTH_DATA names no folder with the training's databases, see docs/training.md")
    settings = tomllib.loads(CONFIG.read_text())
    settings["run"]["dev_windows"] = 64
    golden = [window.ecg_mv for window in development_windows(settings, Path(folder))]
    thresholds = Thresholds.model_validate(settings["thresholds"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = write_bundle(TRAINED, tmp_path / "bundle", golden, thresholds, PROVENANCE)
    assert report.decisions.torch_to_float == ALL_AGREE
    assert report.decisions.torch_to_int8.beat_agreement > 0.98
