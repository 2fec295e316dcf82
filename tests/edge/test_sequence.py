"""Beats in sequence: the same result however they come, and nothing later than the look-ahead."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.beats import RawBeat
from edge.sequence import SequenceReader
from edge.sequence_features import CLASS_FEATURES, FEATURES, N_RR_FEATURES, RrFeatures, SequenceFeatures


def raw_beat(at_s: float, seed: int = 0) -> RawBeat:
    rng = np.random.default_rng(seed)
    classes = rng.dirichlet(np.ones(5)).astype(np.float32)
    rhythm = rng.dirichlet(np.ones(9)).astype(np.float32)
    embeddings = rng.normal(size=(2, 32)).astype(np.float32)
    return RawBeat(at_s, 0.9, classes, rhythm, 0.5, 0.15, 0.09, embeddings[0], embeddings[1])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.25, 3.0), min_size=2, max_size=20), st.lists(st.floats(0.1, 4.0), min_size=1))
def test_it_does_not_matter_how_beats_come(encoder, rr_s: list[float], steps: list[float]) -> None:
    beats = [raw_beat(float(at_s), i) for i, at_s in enumerate(np.cumsum(rr_s))]
    whole = SequenceReader(encoder.manifest)
    expected = whole.feed(beats, float("inf"), encoder)
    stream, found, known_s, i = SequenceReader(encoder.manifest), [], 0.0, 0
    while known_s < beats[-1].at_s + 5:
        before_s, known_s = known_s, known_s + steps[i % len(steps)]
        found += stream.feed([b for b in beats if before_s <= b.at_s < known_s], known_s, encoder)
        i += 1
    assert found == expected


def test_a_beat_waits_for_the_next_but_not_longer_than_the_lookahead(encoder) -> None:
    reader = SequenceReader(encoder.manifest)
    wait_s = encoder.manifest.sequence.lookahead_s
    assert reader.feed([raw_beat(1.0)], 1.2, encoder) == []
    assert reader.decided_s == 1.0
    assert [beat.at_s for beat in reader.feed([raw_beat(1.6)], 1.7, encoder)] == [1.0]
    assert [beat.at_s for beat in reader.feed([], 1.6 + wait_s, encoder)] == [1.6]
    assert wait_s + encoder.manifest.lookahead_s <= 2


def test_af_is_told_of_an_earlier_beat(encoder) -> None:
    beats = [raw_beat(0.8 * i, i) for i in range(30)]
    found = SequenceReader(encoder.manifest).feed(beats, float("inf"), encoder)
    delay = encoder.manifest.sequence.delay_beats
    assert found[20].af_at_s == pytest.approx(beats[20 - delay].at_s)


def told_s(encoder, af: float, n_beats: int) -> list[str]:
    """Classes where the second stage calls every beat premature."""

    class Told:
        manifest = encoder.manifest

        @staticmethod
        def read_beat(features, state):
            return np.array([0.3, 0.6, 0.05, 0.03, 0.02], np.float32), af, state

    beats = [raw_beat(0.8 * i) for i in range(n_beats)]
    found = SequenceReader(encoder.manifest).feed(beats, float("inf"), Told())
    return [encoder.manifest.beat_classes[beat.class_index] for beat in found]


def test_in_fibrillation_no_beat_is_premature(encoder) -> None:
    assert [told_s(encoder, af, 3)[2] for af in (0.0, 0.1, 0.9)] == ["S", "S", "N"]


def test_without_an_interval_before_it_no_beat_is_premature(encoder) -> None:
    assert told_s(encoder, 0.0, 5) == ["N", "N", "S", "S", "S"]


def test_without_a_second_stage_the_encoder_decides(encoder) -> None:
    manifest = encoder.manifest.model_copy(update={"sequence": None})
    beats = [raw_beat(0.8 * i, i) for i in range(5)]
    found = SequenceReader(manifest).feed(beats, 0.8 * 4 + 0.01, encoder)
    assert [beat.class_index for beat in found] == [int(beat.classes.argmax()) for beat in beats]
    assert found[3].af_probability == pytest.approx(float(beats[3].rhythm[1]))


def test_intervals_alone_give_the_first_features_alike() -> None:
    beats = [raw_beat(float(at_s), i) for i, at_s in enumerate(np.cumsum([0.8, 0.8, 0.5, 1.1, 0.8]))]
    whole, alone = SequenceFeatures(1.0), RrFeatures()
    for i, beat in enumerate(beats):
        after = 0.8 if i + 1 < len(beats) else None
        row = whole.feed(beat, after)
        assert row.shape == (len(FEATURES),)
        np.testing.assert_allclose(row[:N_RR_FEATURES], alone.feed(beat.at_s, after, 1.0), rtol=1e-5)
        assert (row[CLASS_FEATURES] <= 0).all()
        assert np.isfinite(row).all()


def test_a_premature_beat_shows_in_its_intervals() -> None:
    alone = RrFeatures()
    rows = [dict(zip(FEATURES, alone.feed(at, 0.8, 1.0), strict=False)) for at in (0, 0.8, 1.6, 2.0)]
    assert rows[-1]["log_rr_over_median"] == pytest.approx(np.log(0.5))
    assert rows[-1]["log_next_over_rr"] == pytest.approx(np.log(2))
    assert rows[0]["is_first"] == 1
    assert rows[1]["is_first"] == 0
    alone.forget()
    assert alone.feed(9.0, None, 1.0)[FEATURES.index("is_first")] == 1


def test_raw_beats_are_values() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        raw_beat(1.0).at_s = 2.0
