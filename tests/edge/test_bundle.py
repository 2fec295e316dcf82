import json
import shutil

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE, load_manifest
from edge.encoder import Encoder
from edge.errors import UserError


@pytest.fixture
def bundle(tmp_path):
    return shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")


def change(bundle, **values) -> None:
    path = bundle / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_the_bundle_that_comes_with_hearth_is_whole_and_small() -> None:
    manifest = load_manifest(DEFAULT_BUNDLE)
    assert (DEFAULT_BUNDLE / manifest.onnx_file).stat().st_size < 3_000_000
    assert manifest.lookahead_s <= 2
    assert "mitdb" in manifest.training_data


@pytest.mark.parametrize("n_leads", [1, 2, 3])
@pytest.mark.parametrize("seconds", [1, 4, 20, 33])
def test_any_leads_and_length(encoder, n_leads, seconds) -> None:
    ecg = np.random.default_rng(0).normal(size=(n_leads, 128 * seconds)).astype(np.float32)
    frames = encoder.run(ecg)
    assert frames.beat.shape == (64 * seconds,)
    assert frames.classes.shape == (64 * seconds, len(encoder.manifest.beat_classes))
    assert frames.rhythm.shape == (seconds, len(encoder.manifest.rhythms))
    assert frames.embedding.shape == (seconds, encoder.manifest.embedding_width)
    np.testing.assert_allclose(frames.classes.sum(axis=1), 1, atol=1e-5)


def test_leads_have_no_order(encoder) -> None:
    ecg = np.random.default_rng(0).normal(size=(3, 1280)).astype(np.float32)
    np.testing.assert_allclose(encoder.run(ecg).beat, encoder.run(ecg[::-1].copy()).beat, atol=0.06)


def test_wrong_hash(bundle) -> None:
    model = bundle / "encoder.onnx"
    model.write_bytes(model.read_bytes()[:-1] + b"\x00")
    with pytest.raises(UserError, match=r"encoder.onnx: wrong hash, .*manifest.json key onnx_sha256"):
        Encoder(bundle)


def test_missing_files(bundle, tmp_path) -> None:
    with pytest.raises(UserError, match=r"none: no such|none/manifest.json: no model bundle"):
        load_manifest(tmp_path / "none")
    (bundle / "encoder.onnx").unlink()
    with pytest.raises(UserError, match=r"encoder.onnx: the model file that .* names is missing"):
        load_manifest(bundle)


def test_manifest_mistakes_name_the_key(bundle) -> None:
    change(bundle, stride_s=0)
    with pytest.raises(UserError, match=r"manifest.json: stride_s: Input should be greater than 0"):
        load_manifest(bundle)
    change(bundle, stride_s=2, strid=1)
    with pytest.raises(UserError, match=r"manifest.json: strid: Extra inputs"):
        load_manifest(bundle)
