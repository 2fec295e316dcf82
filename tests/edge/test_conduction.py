"""Bundle branch block: what a beat is compared with, when nothing is said, and the stream like the record."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.beat_shape import SHAPE_BEFORE, SHAPE_SAMPLES, mean_of_alike, of_unit_qrs, shapes_of_beats
from edge.bundle import DEFAULT_BUNDLE
from edge.conduction import (
    BLOCKS,
    BeatShape,
    BundleBranchReader,
    ConductionModel,
    block_of,
    bundle_branch_blocks,
    bundle_branch_spans,
)
from edge.errors import UserError
from edge.evidence import EvidenceBeat
from edge.labels import BeatClass, Waveform

_FS_HZ = 128


@pytest.fixture(scope="module")
def model() -> ConductionModel:
    return ConductionModel(DEFAULT_BUNDLE)


def beats_of(at_s: np.ndarray, every_third: BeatClass = BeatClass.NORMAL) -> list[EvidenceBeat]:
    return [EvidenceBeat(float(t), BeatClass.NORMAL if i % 3 else every_third) for i, t in enumerate(at_s)]


def ecg_with(at_s: np.ndarray, seconds: int, width_s: float, s_depth: float) -> np.ndarray:
    """R waves, and broad S waves after them."""
    t = np.arange(seconds * _FS_HZ) / _FS_HZ
    ecg = np.random.default_rng(0).normal(0, 0.005, len(t))
    for at in at_s:
        ecg += np.exp(-(((t - at) / width_s) ** 2))
        ecg -= s_depth * np.exp(-(((t - at - 0.05) / 0.03) ** 2))
        ecg += 0.2 * np.exp(-(((t - at - 0.3) / 0.05) ** 2))
    return ecg.astype(np.float32)


def test_a_shape_is_cut_around_its_beat() -> None:
    ecg = np.zeros(10 * _FS_HZ, np.float32)
    ecg[5 * _FS_HZ] = 1
    shapes = shapes_of_beats(ecg, [5.0, 0.0, 9.99])
    assert shapes.shape == (3, SHAPE_SAMPLES)
    assert shapes[0].argmax() == SHAPE_BEFORE
    assert not shapes[1:].any()


@given(st.floats(0.05, 20), st.floats(-3, 3))
def test_neither_gain_nor_offset_counts(gain: float, offset: float) -> None:
    shape = ecg_with(np.array([0.25]), 1, 0.02, 0.3)[None, :SHAPE_SAMPLES]
    np.testing.assert_allclose(of_unit_qrs(gain * shape + offset), of_unit_qrs(shape), atol=2e-3)


def test_a_flat_line_is_no_number_too_large() -> None:
    assert not of_unit_qrs(np.zeros((1, SHAPE_SAMPLES), np.float32)).any()
    zeros = np.zeros(SHAPE_SAMPLES, np.float32)
    assert np.isfinite(mean_of_alike(zeros, np.zeros((3, SHAPE_SAMPLES), np.float32))).all()


def test_the_mean_is_of_beats_alike() -> None:
    narrow, wide = (ecg_with(np.array([0.25]), 1, w, s)[:SHAPE_SAMPLES] for w, s in ((0.015, 0), (0.06, 0.9)))
    others = np.stack([narrow] * 5 + [wide] * 50)
    others -= np.median(others, axis=1, keepdims=True)
    mean = mean_of_alike(others[0], others)
    assert np.corrcoef(mean, others[0])[0, 1] > 0.95 > np.corrcoef(mean, others[-1])[0, 1]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ((0.05, 0.9, 0.05), Waveform.LEFT_BUNDLE_BRANCH_BLOCK),
        ((0.05, 0.05, 0.9), Waveform.RIGHT_BUNDLE_BRANCH_BLOCK),
        ((0.1, 0.45, 0.45), None),
        ((0.9, 0.05, 0.05), None),
    ],
)
def test_only_what_is_clear_is_told(probabilities, expected) -> None:
    assert block_of(np.array(probabilities, np.float32)) is expected


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 90), st.integers(0, 1000))
def test_the_stream_tells_what_the_record_tells(model, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    at_s = np.cumsum(rng.uniform(0.4, 1.2, n))
    ecg = ecg_with(at_s, int(at_s[-1]) + 2, 0.03, float(rng.uniform(0, 1)))
    beats = beats_of(at_s, BeatClass.VENTRICULAR)
    shapes, reader = shapes_of_beats(ecg, at_s.tolist()), BundleBranchReader(model)
    pairs = zip(beats, shapes, strict=True)
    streamed = [reader.feed(BeatShape(beat.beat_class, shape)) for beat, shape in pairs]
    assert streamed == bundle_branch_blocks(model, ecg, beats, ahead_beats=0)


def test_gain_does_not_change_the_answer(model) -> None:
    at_s = np.arange(0.5, 30, 0.8)
    ecg, beats = ecg_with(at_s, 30, 0.03, 0.9), beats_of(at_s)
    found = bundle_branch_blocks(model, ecg, beats)
    assert found == bundle_branch_blocks(model, 3 * ecg, beats)
    assert len(found) == len(beats)


def test_a_narrow_beat_has_no_block(model) -> None:
    at_s = np.arange(0.5, 30, 0.8)
    assert set(bundle_branch_blocks(model, ecg_with(at_s, 30, 0.015, 0.05), beats_of(at_s))) == {None}


def test_ectopic_and_paced_beats_get_none(model) -> None:
    at_s = np.arange(0.5, 30, 0.8)
    ecg = ecg_with(at_s, 30, 0.06, 0.9)
    for beat_class in (BeatClass.VENTRICULAR, BeatClass.FUSION, BeatClass.UNKNOWN):
        beats = [EvidenceBeat(float(t), beat_class) for t in at_s]
        assert bundle_branch_blocks(model, ecg, beats) == [None] * len(beats)
    assert bundle_branch_blocks(model, ecg, []) == []


def test_spans_cover_the_beats_of_a_block() -> None:
    beats = beats_of(np.arange(1.0, 9.0))
    blocks = [None, None, BLOCKS[2], BLOCKS[2], None, None, BLOCKS[1], None]
    spans = bundle_branch_spans(beats, blocks, 10.0)
    found = [(s.waveform, s.start_s, s.end_s) for s in spans]
    assert found == [("L", 6.0, 8.0), ("R", 2.0, 5.0)]


def test_a_bundle_without_the_model_is_named(tmp_path) -> None:
    with pytest.raises(UserError, match=r"conduction\.onnx: this bundle does not tell"):
        ConductionModel(tmp_path)


@pytest.mark.data
def test_real_beats_with_right_bundle_branch_block(model) -> None:
    from wfdb import rdann, rdrecord

    from edge.filters import CausalBandpass
    from edge.resampler import resample

    folder = os.environ.get("HEARTH_DATA")
    if not folder:
        pytest.skip("HEARTH_DATA names no folder")
    path = str(Path(folder) / "mitdb" / "118")
    record, annotation = rdrecord(path, sampto=60 * 360, channels=[0]), rdann(path, "atr", sampto=59 * 360)
    ecg = CausalBandpass(_FS_HZ).feed(resample(record.p_signal, 360, _FS_HZ))[:, 0]
    at_s = [s / 360 for s, symbol in zip(annotation.sample, annotation.symbol, strict=True) if symbol == "R"]
    found = bundle_branch_blocks(model, ecg, [EvidenceBeat(t, BeatClass.NORMAL) for t in at_s])
    assert found.count(Waveform.RIGHT_BUNDLE_BRANCH_BLOCK) > 0.9 * len(at_s) > 40
