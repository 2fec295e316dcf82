"""What the edge decides of a strap's messages is what was measured of the sequence model on intervals."""

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.interval_model import BeatTimes, IntervalModel, beat_times
from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.interval_beats import Heard, IntervalBeats
from edge.interval_pipeline import IntervalPipeline
from edge.interval_reader import IntervalReader
from edge.labels import Rhythm
from edge.pipeline import PipelineSettings
from edge.stream import NS_PER_S, MinuteSummary
from export.evaluation.annotations import read_annotations, read_header

START_NS = 1_760_000_040 * NS_PER_S
TICKS_PER_S = 1024


@pytest.fixture(scope="module")
def encoder():
    return Encoder(DEFAULT_BUNDLE)


def as_told(at_s):
    """Beat times as a strap tells them, in whole ticks; intervals in ms, and messages once a second."""
    ticks = np.rint(np.diff(at_s) * TICKS_PER_S)
    ends_s = np.cumsum(ticks) / TICKS_PER_S
    rr_ms = ticks * 1000 / TICKS_PER_S
    seconds = np.floor(ends_s).astype(int)
    messages = [
        Heard(START_NS + round((second + 1.6) * NS_PER_S), tuple(rr_ms[seconds == second].tolist()))
        for second in range(seconds[-1] + 1)
    ]
    return BeatTimes(np.append(0.0, ends_s), np.append(True, np.zeros(len(ends_s), bool))), messages


def read_by_the_edge(messages, encoder):
    """Probabilities of AF, in the order of the beats that they are about."""
    beats, reader = IntervalBeats(), IntervalReader(encoder.manifest)
    read = []
    for heard in messages:
        for beat in beats.feed(heard):
            read += reader.feed(beat, encoder)
    late = np.array([one.af_probability for one in [*read, *reader.flush(encoder)]], np.float32)
    delay = encoder.manifest.sequence.delay_beats
    return np.append(late[delay:], np.repeat(late[-1:], delay))


def decides_as_measured(at_s, encoder):
    beats, messages = as_told(at_s)
    model = IntervalModel(DEFAULT_BUNDLE, encoder.manifest)
    expected = model.af_probability(beats)
    found = read_by_the_edge(messages, encoder)
    assert np.abs(found - expected).max() < 1e-4
    assert np.array_equal(model.decide(found), model.decide(expected))
    pipeline = IntervalPipeline(encoder, PipelineSettings())
    outputs = [output for heard in messages for output in pipeline.feed(heard)] + pipeline.flush()
    minutes = [output for output in outputs if isinstance(output, MinuteSummary)]
    by_edge_s = sum(minute.rhythm_s.get(Rhythm.ATRIAL_FIBRILLATION, 0) for minute in minutes)
    return by_edge_s, float(beats.rr_s[model.decide(expected)].sum()), float(beats.rr_s.sum())


def test_decisions_of_made_up_rhythms(encoder):
    rng = np.random.default_rng(4)
    sinus = 0.85 + 0.03 * np.sin(np.arange(400) / 5) + 0.01 * rng.standard_normal(400)
    fibrillation = rng.gamma(16, 0.042, 500).clip(0.3, 1.6)
    by_edge_s, measured_s, _ = decides_as_measured(np.cumsum([*sinus, *fibrillation, *sinus]), encoder)
    assert measured_s > 200
    assert by_edge_s == pytest.approx(measured_s, abs=15)


@pytest.mark.data
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "n_beats"), [("afdb/04043", 6000), ("afdb/07910", 6000)])
def test_decisions_of_real_beats(name, n_beats, encoder):
    folder = os.environ.get("HEARTH_DATA")
    if not folder or not (Path(folder) / f"{name}.qrs").is_file():
        pytest.skip(f"HEARTH_DATA names no folder with {name}: real recordings, see docs/training.md")
    path = Path(folder) / name
    fs_hz, _ = read_header(path.with_suffix(".hea"))
    at_s = beat_times(read_annotations(path.with_suffix(".qrs"), fs_hz)).at_s[:n_beats]
    by_edge_s, measured_s, all_s = decides_as_measured(at_s, encoder)
    assert abs(by_edge_s - measured_s) < 0.005 * all_s
