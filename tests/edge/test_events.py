from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.events import (
    ID_PATTERN,
    EpisodeEvent,
    LiveState,
    Localization,
    LookEvent,
    MinuteEvent,
    NoticeEvent,
    Receipt,
    Strip,
    StripBeat,
    decode_event,
    encode,
)
from edge.labels import BeatClass, Finding, Priority, Rhythm
from edge.topics import device_of_topic

TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
NUMBERS = st.floats(0, 1e6)
COUNTS = st.dictionaries(st.sampled_from(BeatClass), st.integers(0, 10**6))
STAMP = {
    "event_id": st.uuids(),
    "device_id": st.from_regex(ID_PATTERN, fullmatch=True),
    "patient_id": st.from_regex(ID_PATTERN, fullmatch=True),
    "recording_id": st.uuids(),
}
STRIPS = st.builds(
    Strip,
    lead=st.text(),
    fs_hz=st.floats(1, 1000),
    start_at=TIMES,
    samples_uv=st.lists(st.integers(-(2**31), 2**31), min_size=1, max_size=50).map(tuple),
    beats=st.lists(st.builds(StripBeat, at_s=NUMBERS, beat_class=st.sampled_from(BeatClass)), max_size=3).map(
        tuple
    ),
)
EVENTS = st.one_of(
    st.builds(
        EpisodeEvent,
        **STAMP,
        episode_id=st.uuids(),
        phase=st.sampled_from(["new", "update", "end"]),
        finding=st.sampled_from(Finding),
        priority=st.sampled_from(Priority),
        onset_at=TIMES,
        observed_until_at=TIMES,
        end_at=st.none() | TIMES,
        beats=COUNTS,
        heart_rate_bpm=st.none() | NUMBERS,
        confidence=st.floats(0, 1),
        seen_by=st.just(("encoder", "rule")),
        strip=st.none() | STRIPS,
        localization=st.none()
        | st.builds(Localization, status=st.just("answered"), sentence=st.none() | st.text()),
    ),
    st.builds(
        LookEvent,
        **STAMP,
        at=TIMES,
        duration_s=NUMBERS,
        strip=st.none() | STRIPS,
        localization=st.none() | st.builds(Localization, status=st.just("late"), struck=st.integers(0, 9)),
    ),
    st.builds(
        MinuteEvent,
        **STAMP,
        start_at=TIMES,
        wear_s=NUMBERS,
        analysable_s=NUMBERS,
        beats=COUNTS,
        rhythm_s=st.dictionaries(st.sampled_from(Rhythm), NUMBERS),
        longest_rr_ms=st.none() | NUMBERS,
    ),
    st.builds(NoticeEvent, **STAMP, at=TIMES, code=st.just("link_lost"), text=st.text()),
)


@settings(deadline=None, max_examples=80)
@given(EVENTS)
def test_round_trip(event) -> None:
    assert decode_event(encode(event)) == event


@given(st.binary(max_size=200))
def test_anything_else_is_a_validation_error(payload: bytes) -> None:
    with pytest.raises(ValidationError):
        decode_event(payload)


def test_unknown_fields_and_naive_times_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Receipt.model_validate_json('{"event_ids": [], "more": 1}')
    with pytest.raises(ValidationError, match="timezone"):
        LiveState.model_validate_json(
            '{"device_id": "d", "patient_id": "p", "at": "2026-01-01T00:00:00", "link": "lost"}'
        )


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        ("hearth/v1/strap/state", "strap"),
        ("hearth/v1/a/event/minute", "a"),
        ("hearth/v2/a/state", None),
        ("x", None),
    ],
)
def test_device_of_topic(topic, device) -> None:
    assert device_of_topic(topic) == device
