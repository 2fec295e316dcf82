"""A window as one vector on the wire."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.embedding import Embedding
from edge.events import EpisodeEvent, MinuteEvent, decode_event, encode
from edge.messages import MessageWriter
from edge.pipeline import Pipeline
from edge.stream import EpisodeStep, MinuteSummary
from edge.text_features import GRAM_BUCKETS, gram_buckets, pair_buckets, words_of

SHA = "0123456789abcdef" * 4
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32)
VECTORS = st.lists(NUMBERS, min_size=3, max_size=512).filter(any)


@given(VECTORS)
def test_a_direction_comes_back_to_eight_bits(vector: list[float]) -> None:
    sent = Embedding.of(SHA, vector)
    back = np.frombuffer(sent.codes, np.int8).astype(float)
    assert sent.model == SHA[:12]
    assert np.abs(back).max() == 127
    assert np.abs(back / 127 - np.array(vector) / np.abs(vector).max()).max() <= 0.5 / 127 + 1e-9
    assert Embedding.model_validate_json(sent.model_dump_json()) == sent


@pytest.mark.parametrize(
    "vector", [[], [0.0, 0.0], [float("nan"), 1.0], [1.0, float("nan")], [float("inf"), 1.0]]
)
def test_what_has_no_direction_is_refused(vector: list[float]) -> None:
    with pytest.raises(ValueError, match=r"direction|NaN"):
        Embedding.of(SHA, vector)


@given(st.text(max_size=40))
def test_values_that_pass_can_be_read(text: str) -> None:
    try:
        sent = Embedding(model=SHA[:12], values=text)
    except ValidationError:
        return
    assert len(sent.codes) >= 1


@pytest.mark.parametrize("model", ["", "0123456789ab0", "0123456789AB", "../../../etc"])
def test_a_tag_is_the_beginning_of_a_hash(model: str) -> None:
    with pytest.raises(ValidationError):
        Embedding(model=model, values="AAAA")


@given(st.text(max_size=300))
def test_any_text_can_be_cut(text: str) -> None:
    words = words_of(text)
    assert words == words_of(" ".join(words))
    assert len(pair_buckets(words)) == max(0, len(words) - 1)
    assert all(0 <= bucket < GRAM_BUCKETS for word in words for bucket in gram_buckets(word))


def test_case_accents_and_punctuation_do_not_matter() -> None:
    assert words_of("Irrégular  rhythm, WITHOUT P-waves!") == (
        "irregular",
        "rhythm",
        "without",
        "p",
        "waves",
    )


def test_strips_and_minutes_of_the_pipeline_carry_their_encoder(encoder, toy_uv, cut) -> None:
    pipeline, ids = Pipeline(encoder, 360, 1), ("strap", "anna")
    sha = encoder.manifest.onnx_sha256
    from uuid import uuid4

    writer = MessageWriter(*ids, uuid4(), 360, ("I",), {}, sha)
    outputs = [out for block in cut(toy_uv, 360, [3600]) for out in pipeline.feed(block)] + pipeline.flush()
    said = [writer.output(out) for out in outputs if isinstance(out, (EpisodeStep, MinuteSummary))]
    strips = [event for event in said if isinstance(event, EpisodeEvent) and event.strip]
    minutes = [event for event in said if isinstance(event, MinuteEvent)]
    assert strips
    assert minutes
    assert all(event.embedding.model == sha[:12] for event in strips)
    assert any(event.embedding for event in minutes)
    assert {len(event.embedding.codes) for event in strips} == {2 * encoder.manifest.embedding_width}
    assert all(decode_event(encode(event)) == event for event in said)


def test_an_event_of_an_older_edge_still_parses() -> None:
    old = (
        b'{"kind":"minute","schema_version":1,"event_id":"6f3c0f8e-2d3a-4c83-9a5e-6f0a4f1f2b11",'
        b'"device_id":"s","patient_id":"a","recording_id":"6f3c0f8e-2d3a-4c83-9a5e-6f0a4f1f2b11",'
        b'"start_at":"2026-01-01T00:00:00Z","wear_s":60,"analysable_s":60,"beats":{},"rhythm_s":{}}'
    )
    assert decode_event(old).embedding is None
