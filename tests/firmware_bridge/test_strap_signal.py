import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from firmware_bridge.simulator import Heart, simulated_blocks
from firmware_bridge.strap_signal import PulseMeter, framed, resampled


@given(st.lists(st.integers(0, 50), max_size=20), st.integers(1, 20))
def test_frames_hold_every_sample_once(sizes, n):
    ends = np.cumsum([0, *sizes])
    blocks = (np.arange(a, b, dtype=np.int32) for a, b in itertools.pairwise(ends))
    frames = list(framed(blocks, n))
    assert [v for frame in frames for v in frame.tolist()] == list(range(ends[-1]))
    assert all(len(frame) == n for frame in frames[:-1])


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([128, 200, 250, 257, 300, 360, 500, 1000]), st.integers(1, 70_000), st.integers(0, 99))
def test_block_by_block_is_as_good_as_the_whole_at_once(fs_hz, n, seed):
    rng = np.random.default_rng(seed)
    signal = np.cumsum(rng.normal(size=n))
    cuts = np.sort(rng.integers(0, n, size=3))
    got = np.concatenate(list(resampled(iter(np.split(signal, cuts)), fs_hz, 130)))
    whole = resample_poly(signal, *{128: (65, 64), 257: (130, 257)}.get(fs_hz, (130, fs_hz)))
    assert len(got) == len(whole)
    assert np.allclose(got, whole, atol=1e-6)


def test_the_same_rate_is_left_untouched():
    block = np.arange(1000.0)
    assert next(resampled(iter([block]), 130, 130)) is block


@pytest.mark.parametrize("hr_bpm", [48, 60, 150])
def test_pulse(hr_bpm):
    t_s = np.arange(130 * 30) / 130
    phase = (t_s * hr_bpm / 60 + 0.5) % 1 - 0.5
    ecg = 1000 * np.exp(-((phase * 60 / hr_bpm / 0.012) ** 2))
    meter = PulseMeter(130)
    told = [
        beat for frame in framed(iter([np.rint(ecg).astype(np.int32)]), 73) if (beat := meter.feed(frame))
    ]
    assert told[-1][0] == pytest.approx(hr_bpm, abs=2)
    assert sum(len(rr) for _, rr in told) == pytest.approx(30 * hr_bpm / 60, abs=3)


@pytest.mark.parametrize("hr_bpm", [55, 90, 170])
def test_intervals_add_up_to_the_time_that_has_passed(hr_bpm):
    fs_hz = 250
    blocks = simulated_blocks(Heart(fs_hz, hr_bpm, seed=2), 125)
    pulse = PulseMeter(fs_hz)
    told = [beat for beat in (pulse.feed(next(blocks)[:, 0]) for _ in range(120)) if beat]
    assert 57 < sum(rr for _, rr_ms in told for rr in rr_ms) / 1000 <= 60
