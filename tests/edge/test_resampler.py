import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from edge.filters import CausalBandpass
from edge.resampler import StreamingResampler, resample

RATES_HZ = [50, 125, 128, 130, 200, 250, 300, 360, 500, 1000]


@pytest.mark.parametrize("fs_in", RATES_HZ)
def test_equals_scipy(fs_in: int) -> None:
    ecg = np.cumsum(np.random.default_rng(fs_in).normal(size=(3 * fs_in, 2)), axis=0)
    ours = resample(ecg, fs_in, 128)
    ratio = StreamingResampler(fs_in, 128, 2)
    theirs = resample_poly(ecg, ratio.up, ratio.down, window=("kaiser", 8.0)) if fs_in != 128 else ecg
    inner = slice(40, -40)
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(RATES_HZ), st.lists(st.integers(0, 400), min_size=1, max_size=12))
def test_chunks_do_not_matter(fs_in: int, sizes: list[int]) -> None:
    ecg = np.random.default_rng(1).normal(size=(max(1, sum(sizes)), 1))
    stream, parts, first = StreamingResampler(fs_in, 128, 1), [], 0
    for size in [*sizes, len(ecg)]:
        parts.append(stream.feed(ecg[first : first + size]))
        first += size
    parts.append(stream.flush())
    np.testing.assert_array_equal(np.vstack(parts), resample(ecg, fs_in, 128))


def test_time_is_kept() -> None:
    """A pulse at 2.000 s stays at 2.000 s, to a sample."""
    for fs_in in RATES_HZ:
        pulse = np.zeros((4 * fs_in, 1))
        pulse[2 * fs_in] = 1.0
        assert abs(int(resample(pulse, fs_in, 128).argmax()) - 256) <= 1


def test_filter_chunks_do_not_matter_and_offset_does_not_ring() -> None:
    ecg = np.random.default_rng(2).normal(size=(1000, 2)) + 500.0
    whole, stream = CausalBandpass(128).feed(ecg), CausalBandpass(128)
    parts = [stream.feed(ecg[:1]), stream.feed(ecg[1:1]), stream.feed(ecg[1:700]), stream.feed(ecg[700:])]
    np.testing.assert_array_equal(np.vstack(parts), whole)
    assert abs(whole[0]).max() < 1e-6
