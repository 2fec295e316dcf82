"""Soft tokens: the same for a window whatever else, in order of time, and with the times of beats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.soft_tokens import (
    LEADS,
    MARKS,
    TOKENS_PER_SECOND,
    block_plan,
    block_rows,
    lead_code,
    window_features,
)


@pytest.fixture(scope="module")
def encoder():
    return Encoder(DEFAULT_BUNDLE)


def heart(seconds, rng, fs=128):
    """A line with a spike each 0.8 s."""
    ecg = rng.normal(0, 0.02, seconds * fs)
    for at in np.arange(0.5, seconds - 0.2, 0.8):
        ecg[round(at * fs) + np.arange(-2, 3)] += [0.3, 0.8, 1.2, 0.6, -0.2]
    return ecg.astype(np.float32)


def test_two_tokens_a_second_and_lead(encoder):
    rng = np.random.default_rng(1)
    ecg = np.stack([heart(23, rng), heart(23, rng)])
    features = window_features(encoder, ecg)
    assert features.shape[:2] == (2, 23 * TOKENS_PER_SECOND)
    assert np.isfinite(features).all()
    alone = window_features(encoder, ecg[1:])
    assert np.array_equal(features[1], alone[0]), "a lead is read by itself"


@given(
    seconds=st.integers(1, 60),
    n_leads=st.integers(1, 3),
    beats=st.lists(st.floats(-1, 61, allow_nan=False), max_size=80),
)
def test_every_token_once_and_every_beat_written(seconds, n_leads, beats):
    plan = block_plan(seconds, n_leads, beats)
    tokens = plan[plan >= 0]
    assert sorted(tokens.tolist()) == list(range(seconds * TOKENS_PER_SECOND * n_leads))
    per_lead = seconds * TOKENS_PER_SECOND
    assert (np.diff(tokens % per_lead) >= 0).all(), "in order of time"
    text = "".join("|" if p >= 0 else MARKS[-1 - p] for p in plan.tolist())
    written = [part for part in text.split("|") if "." in part]
    expected = {f"{round(at * 10) / 10:.1f}" for at in beats if 0 <= at < seconds}
    found = {t for part in written for t in expected if t in part}
    assert found == expected or any(round(at * 10) >= seconds * 10 for at in beats)


def test_a_silent_second_is_numbered():
    text = "".join("|" if p >= 0 else MARKS[-1 - p] for p in block_plan(3, 1, [0.31, 2.04]).tolist())
    assert text == "0.3||1||2.0||"


@settings(max_examples=20)
@given(st.integers(1, 12), st.integers(1, 3))
def test_rows_hold_marks_and_tokens(seconds, n_leads):
    tokens = np.arange(n_leads * seconds * 2, dtype=np.float32).reshape(n_leads, -1, 1) + 100
    marks = np.arange(len(MARKS), dtype=np.float32)[:, None]
    rows = block_rows(tokens, marks, [0.5])[:, 0]
    assert (
        rows[:4].tolist()
        == [100 + lead * seconds * 2 for lead in range(n_leads)][:4] + rows[n_leads:4].tolist()
    )
    assert (rows[rows < 100] <= 10).all()


def test_leads_by_any_usual_name():
    assert LEADS[lead_code("MLII")] == "II"
    assert LEADS[lead_code("AVR")] == "aVR"
    assert LEADS[lead_code("D3")] == "III"
    assert lead_code("Polar H10") == 0
