"""What is no ECG, or too little of one: told as unreadable, or refused in one line."""

import numpy as np
import pytest

from edge.labels import BeatClass
from edge.pipeline import Pipeline
from edge.qrs_size import QrsSize
from edge.stream import Beat, MinuteSummary, Output

FS_HZ = 250


def play(encoder, cut, ecg_uv: np.ndarray, fs_hz: float = FS_HZ) -> list[Output]:
    pipeline = Pipeline(encoder, fs_hz, ecg_uv.shape[1])
    blocks = list(cut(ecg_uv.astype(np.int32), fs_hz, [int(fs_hz)]))
    return [output for block in blocks for output in pipeline.feed(block)] + pipeline.flush()


def readable_s(outputs: list[Output]) -> float:
    return sum(output.analysable_s for output in outputs if isinstance(output, MinuteSummary))


def beats(outputs: list[Output]) -> list[Beat]:
    return [output for output in outputs if isinstance(output, Beat)]


def at_rate(toy_uv: np.ndarray, fs_hz: int) -> np.ndarray:
    from edge.resampler import resample

    return np.round(resample(toy_uv.astype(float), 360, fs_hz)).astype(np.int32)


@pytest.mark.parametrize(
    "name", ["flat", "constant rail", "saturated", "one value", "volts taken for millivolts", "thousandfold"]
)
def test_what_is_no_heart_has_no_beats(encoder, toy_uv, cut, name) -> None:
    heart = at_rate(toy_uv, FS_HZ)[: 40 * FS_HZ]
    signal = {
        "flat": np.zeros_like(heart),
        "constant rail": np.full_like(heart, 32767),
        "saturated": np.where(heart > np.median(heart), 5000, -5000),
        "one value": np.full_like(heart, -1),
        "volts taken for millivolts": heart // 1000,
        "thousandfold": heart * 1000,
    }[name]
    outputs = play(encoder, cut, signal)
    assert readable_s(outputs) == 0
    assert {beat.beat_class for beat in beats(outputs)} <= {BeatClass.UNKNOWN}


@pytest.mark.parametrize(("counts_per_mv", "seconds"), [(20, 25), (25, 12)])
def test_counts_taken_for_millivolts_are_told(encoder, toy_uv, cut, counts_per_mv, seconds) -> None:
    heart = at_rate(toy_uv, FS_HZ)[: seconds * FS_HZ]
    pipeline = Pipeline(encoder, FS_HZ, 1)
    height_mv = play_on(pipeline, cut, heart * counts_per_mv)
    assert height_mv is not None
    assert height_mv > 12
    assert play_on(Pipeline(encoder, FS_HZ, 1), cut, heart) is None
    later = Pipeline(encoder, FS_HZ, 1)
    assert later.restore(pipeline.snapshot())
    assert later.implausible_qrs_mv == height_mv


def test_ten_beats_make_a_size() -> None:
    size, qrs_uv = QrsSize(), np.array([[0, 0], [13_000, 1], [0, 20_000]], np.int32)
    for _ in range(9):
        size.add(qrs_uv)
    assert size.implausible_mv is None
    size.add(qrs_uv)
    assert size.implausible_mv == 13
    for _ in range(30):
        size.add(qrs_uv // [2, 1])  # one lead is noise, and the usual height is a heart's again
    assert size.implausible_mv is None


def play_on(pipeline: Pipeline, cut, ecg_uv: np.ndarray) -> float | None:
    """How high QRS complexes are said to be in the end."""
    for block in cut(ecg_uv.astype(np.int32), FS_HZ, [FS_HZ]):
        pipeline.feed(block)
    return pipeline.implausible_qrs_mv


def test_hum_and_noise_are_not_a_rhythm(encoder, cut) -> None:
    t, rng = np.arange(60 * FS_HZ) / FS_HZ, np.random.default_rng(0)
    hum = 3000 * np.sin(2 * np.pi * 50 * t) + rng.normal(0, 400, len(t))
    assert readable_s(play(encoder, cut, hum[:, None])) <= 6


@pytest.mark.parametrize("fs_hz", [50, 100, 130, 250, 360, 500, 1000])
def test_any_rate_finds_the_same_heart(encoder, toy_uv, cut, fs_hz) -> None:
    expected = len(beats(play(encoder, cut, toy_uv, 360)))
    assert len(beats(play(encoder, cut, at_rate(toy_uv, fs_hz), fs_hz))) == pytest.approx(expected, abs=3)


@pytest.mark.parametrize("seconds", [0.004, 0.2, 1, 2.5])
def test_very_short_recordings_end_well(encoder, toy_uv, cut, seconds) -> None:
    outputs = play(encoder, cut, at_rate(toy_uv, FS_HZ)[: max(1, int(seconds * FS_HZ))])
    assert len(beats(outputs)) <= 2 * seconds + 1


def test_in_one_second_no_beat_is_early(encoder, toy_uv, cut) -> None:
    heart = at_rate(toy_uv, FS_HZ)
    scraps = [heart[int(at_s * FS_HZ) :][:FS_HZ] for at_s in np.arange(0, 12, 0.25)]
    classes = [beat.beat_class for scrap in scraps for beat in beats(play(encoder, cut, scrap))]
    assert classes.count(BeatClass.NORMAL) > 40
    assert BeatClass.SUPRAVENTRICULAR not in classes


def test_a_beat_that_the_end_of_the_signal_cuts_has_no_class(encoder, toy_uv, cut) -> None:
    heart = at_rate(toy_uv, FS_HZ)
    at = next(beat.index for beat in beats(play(encoder, cut, heart)) if beat.index > 10 * FS_HZ)
    *_, last = beats(play(encoder, cut, heart[: at + int(0.1 * FS_HZ)]))
    assert last.index == pytest.approx(at, abs=5)
    assert (last.beat_class, last.rr_ms) == (BeatClass.UNKNOWN, None)
    *_, last = beats(play(encoder, cut, heart[: at + int(0.3 * FS_HZ)]))
    assert last.beat_class is not BeatClass.UNKNOWN


@pytest.mark.parametrize("shape", [(0, 128), (4, 128), (12, 1280), (1, 0), (1, 100), (128,)])
def test_the_encoder_refuses_other_shapes(encoder, shape) -> None:
    with pytest.raises(ValueError, match="expected 1 to 3 leads and whole seconds of 128 samples"):
        encoder.run(np.zeros(shape, np.float32))


def test_the_encoder_refuses_nan(encoder) -> None:
    ecg = np.zeros((1, 256), np.float32)
    ecg[0, 7] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        encoder.run(ecg)


def test_a_dead_second_lead_does_not_spoil_the_first(encoder, toy_uv, cut) -> None:
    alone = beats(play(encoder, cut, toy_uv, 360))
    both = beats(play(encoder, cut, np.hstack([toy_uv, np.zeros_like(toy_uv)]), 360))
    assert len(both) == pytest.approx(len(alone), abs=len(alone) // 10)
