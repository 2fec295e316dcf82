"""Bundle branch block: what a beat is compared with, the rule, and when nothing is said."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.beat_shape import SHAPE_BEFORE, SHAPE_SAMPLES, mean_of_alike, of_unit_qrs, shapes_of_beats
from edge.bundle import DEFAULT_BUNDLE
from edge.conduction import (
    BLOCKS,
    RULE,
    ConductionModel,
    ShapeOdds,
    block_of,
    block_probability,
    block_spans,
    shape_odds,
)
from edge.conduction_spans import ConductionWitness
from edge.errors import UserError
from edge.evidence import Evidence, EvidenceBeat
from edge.labels import BeatClass, Waveform
from edge.raw_ecg import RawEcg

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


def told(model: ConductionModel, ecg: np.ndarray, beats: list[EvidenceBeat], qrs_ms: float | None = None):
    odds = shape_odds(model, ecg, beats)
    return odds and block_of(odds, qrs_ms)


@pytest.mark.parametrize(
    ("odds", "qrs_ms", "expected"),
    [
        (ShapeOdds(block=3, left=2), None, Waveform.LEFT_BUNDLE_BRANCH_BLOCK),
        (ShapeOdds(block=3, left=-2), None, Waveform.RIGHT_BUNDLE_BRANCH_BLOCK),
        (ShapeOdds(block=-1, left=2), 150, Waveform.LEFT_BUNDLE_BRANCH_BLOCK),
        (ShapeOdds(block=-1, left=2), 90, None),
        (ShapeOdds(block=-1, left=2), None, None),
        (ShapeOdds(block=-6, left=2), 150, None),
    ],
)
def test_first_whether_there_is_a_block_and_then_on_which_side(odds, qrs_ms, expected) -> None:
    assert block_of(odds, qrs_ms) is expected


@given(st.floats(-7, 7), st.floats(-14, 14), st.none() | st.floats(20, 300))
def test_a_wider_qrs_and_a_surer_shape_never_make_a_block_less_likely(block, left, qrs_ms) -> None:
    odds = ShapeOdds(block, left)
    probability = block_probability(odds, qrs_ms)
    assert 0 <= probability <= 1
    assert probability <= block_probability(ShapeOdds(block + 0.5, left), qrs_ms)
    assert qrs_ms is None or probability <= block_probability(odds, qrs_ms + 10)
    assert (block_of(odds, qrs_ms) is None) == (probability < RULE.least)


def test_gain_does_not_change_the_answer(model) -> None:
    at_s = np.arange(0.5, 30, 0.8)
    ecg, beats = ecg_with(at_s, 30, 0.03, 0.9), beats_of(at_s)
    once, louder = shape_odds(model, ecg, beats), shape_odds(model, 3 * ecg, beats)
    assert once is not None
    assert louder is not None
    assert (once.block, once.left) == pytest.approx((louder.block, louder.left), abs=1e-3)


def test_a_narrow_beat_has_no_block(model) -> None:
    at_s = np.arange(0.5, 30, 0.8)
    assert told(model, ecg_with(at_s, 30, 0.015, 0.05), beats_of(at_s), qrs_ms=80) is None


def test_ectopic_and_paced_beats_get_none(model) -> None:
    at_s = np.arange(0.5, 30, 0.8)
    ecg = ecg_with(at_s, 30, 0.06, 0.9)
    for beat_class in (BeatClass.VENTRICULAR, BeatClass.FUSION, BeatClass.UNKNOWN):
        beats = [EvidenceBeat(float(t), beat_class) for t in at_s]
        assert shape_odds(model, ecg, beats) is None
    assert shape_odds(model, ecg, []) is None


def test_spans_cover_the_conducted_beats() -> None:
    beats = [
        EvidenceBeat(float(i), BeatClass.VENTRICULAR if i in (4, 5, 6) else BeatClass.NORMAL)
        for i in range(1, 9)
    ]
    found = [(s.waveform, s.start_s, s.end_s) for s in block_spans(BLOCKS[1], beats, 10.0)]
    assert found == [("L", 0.0, 4.0), ("L", 6.0, 10.0)]


def test_the_witness_adds_the_block_to_the_evidence() -> None:
    at_s = np.arange(0.5, 10, 0.8)
    wide = np.round(1000 * ecg_with(at_s, 10, 0.06, 0.9))[:, None].astype(np.int32)
    evidence = Evidence(10.0, ("II",), tuple(beats_of(at_s)), (), 10.0, qrs_ms=160)
    found = ConductionWitness(DEFAULT_BUNDLE).add_to(evidence, RawEcg(wide, float(_FS_HZ), ("II",)))
    assert [(s.start_s, s.end_s) for s in found.spans] == [(0.0, 10.0)]
    assert found.spans[0].waveform in BLOCKS
    assert found.beats == evidence.beats


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
    assert len(at_s) > 40
    beats = [EvidenceBeat(t, BeatClass.NORMAL) for t in at_s]
    assert told(model, ecg, beats, qrs_ms=150) is Waveform.RIGHT_BUNDLE_BRANCH_BLOCK
