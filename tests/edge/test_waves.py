"""Waves out of probabilities: on probabilities made by hand, and on a real recording."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contiguous_run import ContiguousRun
from edge.wave_annotations import write_waves
from edge.wave_order import Wave, WaveKind, WaveOrder
from edge.wave_run import WaveRun
from edge.waves import WaveDecoder, farthest_from_chord

FS = 128
P, QRS, T = 1, 2, 3
BEAT = [(P, 0.30, 0.40), (QRS, 0.46, 0.55), (T, 0.70, 0.90)]


def probabilities(waves, duration_s: float = 3.0) -> np.ndarray:
    """Certain of each wave, but for the share of a sample in which it begins or ends."""
    rows = np.zeros((round(duration_s * FS), 4), np.float32)
    for kind, onset_s, end_s in waves:
        edges = np.clip(np.arange(len(rows) + 1) / FS, onset_s, end_s)
        rows[:, kind] += np.diff(edges) * FS
    rows[:, 0] = 1 - rows.sum(axis=1)
    return rows


def ecg(waves, duration_s: float = 3.0) -> np.ndarray:
    """A bump in each wave, highest a third into it."""
    t = np.arange(round(duration_s * FS)) / FS
    peaks = [onset_s + (end_s - onset_s) / 3 for _, onset_s, end_s in waves]
    return np.sum([np.exp(-(((t - peak) / 0.02) ** 2)) for peak in peaks] or [0 * t], axis=0)[:, None]


def decoded(manifest, rows, signal, sizes=None) -> list[Wave]:
    decoder, found, first, i = WaveDecoder(manifest), [], 0, 0
    while first < len(rows):
        size = sizes[i % len(sizes)] if sizes else len(rows)
        found += decoder.feed(rows[first : first + size], signal[first : first + size])
        first, i = first + size, i + 1
    return found + decoder.flush()


def test_a_beat_has_its_waves_where_they_are(encoder_manifest) -> None:
    found = decoded(encoder_manifest, probabilities(BEAT), ecg(BEAT))
    assert [wave.kind for wave in found] == [WaveKind.P, WaveKind.QRS, WaveKind.T]
    for wave, (_, onset_s, end_s) in zip(found, BEAT, strict=True):
        assert wave.onset_s == pytest.approx(onset_s, abs=0.5 / FS)
        assert wave.end_s == pytest.approx(end_s, abs=0.5 / FS)
        assert wave.peak_s == pytest.approx(onset_s + (end_s - onset_s) / 3, abs=0.25 / FS)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**16), sizes=st.lists(st.integers(1, 90), min_size=1, max_size=8))
def test_the_cut_does_not_matter(encoder_manifest, seed: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 0.6, (900, 4)), axis=0)
    rows = np.exp(walk - walk.max(axis=1, keepdims=True)).astype(np.float32)
    rows /= rows.sum(axis=1, keepdims=True)
    signal = rng.normal(size=(900, 2))
    whole = decoded(encoder_manifest, rows, signal)
    assert decoded(encoder_manifest, rows, signal, sizes) == whole
    for wave in whole:
        assert wave.onset_s - 1 / FS <= wave.peak_s <= wave.end_s + 1 / FS
        assert wave.onset_s < wave.end_s


@settings(deadline=None, max_examples=30)
@given(at=st.floats(0.74, 0.86), kind=st.sampled_from([0, P, QRS]))
def test_a_glitch_neither_cuts_a_wave_nor_is_one(encoder_manifest, at: float, kind: int) -> None:
    rows = probabilities(BEAT)
    rows[int(at * FS)] = np.eye(4)[kind]
    found = decoded(encoder_manifest, rows, ecg(BEAT))
    assert [(w.kind, w.onset_s, w.end_s) for w in found] == [
        (w.kind, w.onset_s, w.end_s) for w in decoded(encoder_manifest, probabilities(BEAT), ecg(BEAT))
    ]


def test_what_the_run_cuts_is_no_wave(encoder_manifest) -> None:
    waves = [(QRS, 0.0, 0.08), (QRS, 1.0, 1.1), (T, 1.2, 1.5)]
    found = decoded(encoder_manifest, probabilities(waves, 1.4), ecg(waves, 1.4))
    assert [wave.kind for wave in found] == [WaveKind.QRS]


def test_too_short_and_too_long_are_no_waves(encoder_manifest) -> None:
    waves = [(QRS, 0.5, 0.524), (T, 0.8, 2.0), (P, 2.4, 2.5)]
    assert [w.kind for w in decoded(encoder_manifest, probabilities(waves), ecg(waves))] == [WaveKind.P]


def test_silence_for_long_is_forgotten(encoder_manifest) -> None:
    decoder = WaveDecoder(encoder_manifest)
    quiet = probabilities([], 10.0)
    for _ in range(20):
        decoder.feed(quiet, np.zeros((len(quiet), 1)))
    assert len(decoder._probability) < 5 * FS
    found = decoder.feed(probabilities(BEAT), ecg(BEAT)) + decoder.flush()
    assert [round(wave.onset_s - 200, 1) for wave in found] == [0.3, 0.5, 0.7]


def wave(kind: WaveKind, onset_s: float, weight_s: float = 0.1) -> Wave:
    return Wave(kind, onset_s, onset_s + 0.05, onset_s + 0.1, weight_s)


def ordered(waves: list[Wave]) -> list[Wave]:
    order = WaveOrder()
    return [decided for w in waves for decided in order.feed(w)] + order.flush()


def test_no_t_wave_without_a_qrs_and_one_of_several() -> None:
    qrs, small, large = (
        wave(WaveKind.QRS, 1.0),
        wave(WaveKind.T, 1.2, 0.05),
        wave(WaveKind.T, 1.4, 0.2),
    )
    assert ordered([wave(WaveKind.T, 0.5), qrs, small, large]) == [qrs, large]
    assert ordered([qrs, wave(WaveKind.T, 1.9)]) == [qrs]


def test_p_waves_of_a_blocked_heart_all_stay() -> None:
    waves = [wave(WaveKind.QRS, 0.5), *(wave(WaveKind.P, 1 + i) for i in range(6))]
    assert ordered(waves) == waves


@given(st.lists(st.tuples(st.sampled_from(WaveKind), st.floats(0.15, 4)), max_size=40))
def test_order_keeps_every_qrs_and_never_two_t_waves_in_a_row(steps) -> None:
    onsets = np.cumsum([step for _, step in steps]).tolist()
    waves = [wave(kind, at) for (kind, _), at in zip(steps, onsets, strict=True)]
    found = ordered(waves)
    assert [w for w in found if w.kind != WaveKind.T] == [w for w in waves if w.kind != WaveKind.T]
    assert found == sorted(found, key=lambda w: w.onset_s)
    beats = [w.kind for w in found if w.kind != WaveKind.P]
    assert all(beats[i - 1] == WaveKind.QRS for i, kind in enumerate(beats) if kind == WaveKind.T and i)
    assert not beats or beats[0] == WaveKind.QRS


def test_the_peak_is_seen_from_the_line_between_the_ends() -> None:
    slope = np.linspace(0, 5, 41)
    bump = np.exp(-(((np.arange(41) - 13.3) / 4) ** 2))
    deep = np.roll(bump, 15)
    rows = np.stack([slope + bump, slope - bump, bump - 2 * deep, bump])[:, :, None]
    found = farthest_from_chord(rows, np.array([41, 41, 41, 1]), np.array([1.0, 1.0, 0.1, 1.0]))
    assert found == pytest.approx([13.3, 13.3, 13.3, 0], abs=0.1)


@given(ecg_mv=st.lists(st.floats(-2, 2), min_size=1, max_size=40), rest=st.integers(0, 30))
def test_what_follows_a_wave_does_not_move_its_peak(ecg_mv: list[float], rest: int) -> None:
    one = np.array(ecg_mv)[None, :, None]
    longer = np.pad(one, ((0, 0), (0, 3 + rest), (0, 0)), constant_values=9.0)
    longest = np.pad(one, ((0, 0), (0, 60), (0, 0)), constant_values=-9.0)
    n, downward = np.array([len(ecg_mv)]), np.array([0.5])
    peak = farthest_from_chord(longer, n, downward)
    assert 0 <= peak[0] <= len(ecg_mv) - 1
    assert peak == farthest_from_chord(longest, n, downward)


def waves_of(encoder, pieces) -> list[Wave]:
    samples, run = ContiguousRun(encoder.manifest, 360.0, 1), WaveRun(encoder.manifest)
    spans = [span for piece in pieces for span in samples.feed(piece, encoder)] + samples.flush(encoder)
    return [w for span in spans for w in run.feed(span)] + run.flush()


def test_waves_of_a_real_recording(encoder, toy_uv) -> None:
    """Beats of MIT-BIH 208: QRS complexes 0.3 to 2 s apart, the same in pieces of any size."""
    waves = waves_of(encoder, [toy_uv[: 30 * 360]])
    peaks = np.array([w.peak_s for w in waves if w.kind == WaveKind.QRS])
    assert 30 < len(peaks) < 90
    assert np.diff(peaks).min() > 0.3
    pieces = [toy_uv[first : min(first + 777, 30 * 360)] for first in range(0, 30 * 360, 777)]
    assert waves_of(encoder, pieces) == waves


def test_marks_on_disk(tmp_path) -> None:
    import wfdb

    waves = [Wave(WaveKind.P, 1.0, 1.05, 1.1, 0.1), Wave(WaveKind.QRS, 1.1, 1.15, 1.2, 0.1)]
    assert write_waves(waves, "a", "wav", 250.0, tmp_path) == tmp_path / "a.wav"
    marks = wfdb.rdann(str(tmp_path / "a"), "wav")
    assert marks.symbol == ["(", "p", ")", "(", "N", ")"]
    assert marks.sample.tolist() == [250, 262, 275, 275, 288, 300]
    assert marks.num.tolist() == [0, 0, 0, 1, 1, 1]
    assert marks.fs == 250


def test_beside_a_pipeline_each_window_is_encoded_once(toy_uv, tmp_path, monkeypatch) -> None:
    """The waves are those of a run of their own, and the encoder is asked no more often."""
    import wfdb

    from edge.analysis import analyse
    from edge.bundle import DEFAULT_BUNDLE
    from edge.encoder import Encoder
    from edge.onnx_session import OnnxSession
    from edge.wave_run import WaveReader, find_waves
    from firmware_bridge.recordings import open_recording

    ecg_mv = toy_uv[: 50 * 360] / 1000
    ecg_mv[20 * 360 : 25 * 360] = np.nan
    kinds = {"units": ["mV"], "sig_name": ["MLII"], "fmt": ["16"], "write_dir": str(tmp_path)}
    wfdb.wrsamp("gap", fs=360, p_signal=ecg_mv, **kinds)
    recording = open_recording(tmp_path / "gap")
    calls = []
    real = OnnxSession.run
    monkeypatch.setattr(
        OnnxSession, "run", lambda self, names, inputs: calls.append(1) or real(self, names, inputs)
    )
    alone = find_waves(recording, Encoder(DEFAULT_BUNDLE))
    n_windows, encoder = len(calls), Encoder(DEFAULT_BUNDLE)
    reader = WaveReader(encoder.manifest, recording.fs_hz)
    analysis = analyse(recording, encoder, beside=reader.feed)
    assert reader.flush() == alone
    assert len(calls) - n_windows == n_windows + len(analysis.beats) > n_windows
