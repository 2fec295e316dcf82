import itertools

import numpy as np
import pytest
from scipy.signal import find_peaks

from firmware_bridge.simulator import Heart, simulated_blocks
from firmware_bridge.transports import open_transport


def simulated(heart, n, size=1_000):
    return np.concatenate(list(itertools.islice(simulated_blocks(heart, size), n // size)))[:, 0]


async def test_as_long_as_asked_and_the_same_for_the_same_seed():
    runs = []
    for seed in (1, 1, 2):
        async with open_transport(f"simulator://?seconds=33&speed=max&seed={seed}") as transport:
            blocks = [received.packet async for received in transport.packets()]
        runs.append(np.concatenate([block.counts for block in blocks]))
        assert blocks[-1].last_sample_ns == round((33 * 130 - 1) * 1e9 / 130)
    assert len(runs[0]) == 33 * 130
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


@pytest.mark.parametrize("hr_bpm", [45, 72, 120])
def test_the_rate_is_the_rate_asked_over_the_seams_of_the_loop(hr_bpm):
    uv = simulated(Heart(hr_bpm=hr_bpm), 130 * 300)
    peaks, _ = find_peaks(uv, height=600, distance=130 * 0.3)
    rr_s = np.diff(peaks) / 130
    assert np.median(rr_s) == pytest.approx(60 / hr_bpm, rel=0.05)
    assert rr_s.max() < 1.3 * 60 / hr_bpm
    assert rr_s.min() > 0.7 * 60 / hr_bpm


def test_ventricular_beats_come_early_and_pause():
    uv = simulated(Heart(pvc_every=7), 130 * 120)
    peaks, _ = find_peaks(uv, height=600, distance=130 * 0.3)
    rr_s = np.diff(peaks) / 130
    early = np.flatnonzero(rr_s < 0.75 * np.median(rr_s))
    assert len(early) == pytest.approx(len(peaks) / 7, abs=2)
    assert rr_s[early[:-1]] + rr_s[early[:-1] + 1] == pytest.approx(2 * np.median(rr_s), rel=0.12)
    assert set(np.diff(early)) == {7}
