import json
import sqlite3
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from edge.events import LiveState, MinuteEvent, NoticeEvent, Receipt, encode
from edge.labels import BeatClass
from hub.ingest import MAX_PAYLOAD_BYTES, Message, ingest
from hub.store import Store

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
OWNERS = {"strap-1": "anna", "strap-2": "berta"}


def minute(**changes):
    fields = {
        "event_id": uuid4(),
        "device_id": "strap-1",
        "patient_id": "anna",
        "recording_id": uuid4(),
        "start_at": NOW - timedelta(minutes=1),
        "wear_s": 60.0,
        "analysable_s": 55.0,
        "beats": {BeatClass.NORMAL: 61},
        "rhythm_s": {},
    }
    return MinuteEvent(**{**fields, **changes})


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as opened:
        yield opened


def take(store, topic, payload, *, retained=False):
    return ingest(store, OWNERS, Message(topic, payload, NOW, retained))


def test_an_event_is_stored_and_confirmed(store):
    sent = minute()
    outcome = take(store, "hearth/v1/strap-1/event/minute", encode(sent))
    assert (outcome.kind, outcome.device_id) == ("stored", "strap-1")
    assert outcome.receipt == Receipt(event_ids=(sent.event_id,))
    assert len(store.minutes("anna", NOW - timedelta(hours=1), NOW)) == 1


def test_a_known_event_is_confirmed_again(store):
    sent = minute()
    take(store, "hearth/v1/strap-1/event/minute", encode(sent))
    outcome = take(store, "hearth/v1/strap-1/event/minute", encode(sent))
    assert outcome.kind == "known"
    assert outcome.receipt == Receipt(event_ids=(sent.event_id,))


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("hearth/v1/strap-1/event/minute", b"\x00\xffgarbage", "Invalid JSON"),
        ("hearth/v1/strap-1/event/minute", b"[]", "should be an object"),
        ("hearth/v1/strap-1/event/minute", b'{"kind":"dream"}', "'dream'"),
        ("hearth/v1/strap-1/event/episode", encode(minute()), "a minute event on this topic"),
        ("hearth/v1/strap-1/event", encode(minute()), "a minute event on this topic"),
        ("hearth/v1/strap-9/event/minute", encode(minute()), "device 'strap-9' is not in the config"),
        ("hearth/v1/strap-2/event/minute", encode(minute()), "device 'strap-1' on the topic of 'strap-2'"),
        (
            "hearth/v1/strap-1/event/minute",
            encode(minute(patient_id="berta")),
            "patient 'berta' from a device of 'anna'",
        ),
        ("hearth/v1/strap-1/event/minute", b"x" * (MAX_PAYLOAD_BYTES + 1), "above the limit of 1048576"),
        ("hearth/v1/strap-1/availability", b"on holiday", "unknown availability 'on holiday'"),
        ("hearth/v1/strap-1/availability", b"\xff", "invalid start byte"),
        ("hearth/v1/strap-1/state", b"{}", "Field required"),
        ("homeassistant/x/y/z", b"{}", "device '' is not in the config"),
    ],
)
def test_what_cannot_be_stored_becomes_a_dead_letter_and_is_not_confirmed(store, topic, payload, reason):
    outcome = take(store, topic, payload)
    assert outcome.kind == "dead_letter"
    assert outcome.receipt is None
    assert reason in outcome.reason
    (letter,) = store.dead_letters()
    assert (letter.topic, letter.payload_bytes, letter.reason) == (topic, len(payload), outcome.reason)
    assert payload.startswith(letter.payload)


def test_an_unknown_field_is_not_swallowed(store):
    said = json.loads(encode(minute())) | {"mood": "good"}
    outcome = take(store, "hearth/v1/strap-1/event/minute", json.dumps(said).encode())
    assert outcome.reason == "minute.mood: Extra inputs are not permitted"


def test_an_event_id_with_another_content_is_a_dead_letter_and_does_not_come_for_ever(store):
    """An edge that has lost samples may tell it again in another shape: the first stays, and it may stop."""
    sent = minute()
    take(store, "hearth/v1/strap-1/event/minute", encode(sent))
    changed = sent.model_copy(update={"wear_s": 1.0})
    outcome = take(store, "hearth/v1/strap-1/event/minute", encode(changed))
    assert (outcome.kind, outcome.receipt.event_ids) == ("dead_letter", (sent.event_id,))
    assert "another content" in outcome.reason
    assert [
        one.wear_s for one in store.minutes("anna", datetime(1970, 1, 2, tzinfo=UTC), NOW + timedelta(days=9))
    ] == [sent.wear_s]
    assert [letter.payload for letter in store.dead_letters()] == [encode(changed)]


def test_an_event_id_of_another_device_is_not_confirmed(store):
    sent = minute()
    take(store, "hearth/v1/strap-1/event/minute", encode(sent))
    copied = sent.model_copy(update={"device_id": "strap-2", "patient_id": "berta"})
    outcome = take(store, "hearth/v1/strap-2/event/minute", encode(copied))
    assert (outcome.kind, outcome.receipt) == ("dead_letter", None)


def test_a_time_beyond_the_calendar_is_a_dead_letter_and_no_crash(store):
    said = json.loads(encode(minute())) | {"start_at": "0001-01-01T00:00:00+10:00"}
    outcome = take(store, "hearth/v1/strap-1/event/minute", json.dumps(said).encode())
    assert outcome.kind == "dead_letter"
    assert store.minutes("anna", datetime(1, 1, 2, tzinfo=UTC), NOW) == []


def test_what_was_refused_is_stored_once_the_config_knows_the_device(store):
    sent = encode(minute(device_id="strap-3", patient_id="clara"))
    topic = "hearth/v1/strap-3/event/minute"
    assert take(store, topic, sent).kind == "dead_letter"
    assert ingest(store, {"strap-3": "clara"}, Message(topic, sent, NOW)).kind == "stored"


def state(at):
    return LiveState(device_id="strap-1", patient_id="anna", at=at, link="connected")


def test_state_and_availability_are_remembered(store):
    assert take(store, "hearth/v1/strap-1/state", encode(state(NOW))).kind == "state"
    assert take(store, "hearth/v1/strap-1/availability", b"stopped").kind == "availability"
    (device,) = store.devices("anna")
    assert (device.availability, device.state, device.heard_at) == ("stopped", state(NOW), NOW)


def test_neither_a_will_nor_a_retained_state_is_a_sign_of_life(store):
    take(store, "hearth/v1/strap-1/availability", b"offline")
    take(store, "hearth/v1/strap-1/state", encode(state(NOW)), retained=True)
    assert store.devices("anna") == []


def test_a_state_that_is_refused_again_and_again_is_one_dead_letter(store):
    for second in range(5):
        said = state(NOW + timedelta(seconds=second)).model_copy(update={"patient_id": "berta"})
        take(store, "hearth/v1/strap-1/state", encode(said))
    (letter,) = store.dead_letters()
    assert letter.times == 5


def test_the_hubs_own_topics_are_left_alone(store):
    assert take(store, "hearth/v1/hub/availability", b"online").kind == "ignored"
    assert store.dead_letter_count() == 0


def test_an_unwritable_database_is_not_the_messages_fault(tmp_path):
    sent = encode(minute())
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}?timeout=0.1") as opened:
        writer = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            take(opened, "hearth/v1/strap-1/event/minute", sent)
        writer.execute("ROLLBACK")
        writer.close()
        assert take(opened, "hearth/v1/strap-1/event/minute", sent).kind == "stored"
        assert opened.dead_letter_count() == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    topic=st.sampled_from(["event/minute", "event/notice", "state", "availability", "event", "", "x/y"]),
    payload=st.binary(max_size=200) | st.text(max_size=100).map(str.encode),
)
def test_no_message_is_lost_and_none_stops_the_hub(store, topic, payload):
    before = sum(letter.times for letter in store.dead_letters(10_000))
    outcome = take(store, f"hearth/v1/strap-1/{topic}", payload)
    after = sum(letter.times for letter in store.dead_letters(10_000))
    assert after - before == (outcome.kind == "dead_letter")
    assert outcome.kind in ("dead_letter", "availability")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), at=st.datetimes(timezones=st.just(UTC)))
def test_each_notice_that_the_wire_can_carry_can_be_stored(store, text, at):
    ids = {"device_id": "strap-1", "patient_id": "anna", "recording_id": uuid4(), "event_id": uuid4()}
    sent = NoticeEvent(**ids, at=at, code="clock_step", text=text)
    assert take(store, "hearth/v1/strap-1/event/notice", encode(sent)).kind == "stored"
    found = store.notices("anna", at, at + timedelta(microseconds=1)) if at.year < 9999 else []
    assert at.year == 9999 or text in [notice.text for notice in found]
