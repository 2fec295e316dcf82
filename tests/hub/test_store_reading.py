"""What is read from the store: periods, devices, dead letters, patients."""

from datetime import timedelta, timezone

import pytest

from edge.events import (
    LiveState,
)
from edge.labels import Finding
from tests.hub.stored_events import T0, after, episode, minute, notice


def test_periods_are_half_open_and_an_episode_belongs_to_each_it_touches(store):
    store.add_event(episode("a", 0, 100), after(101))
    store.add_event(minute("m"), after(61))
    store.add_event(notice("n"), after(1))
    assert len(store.episodes("anna", after(50), after(60))) == 1
    assert store.episodes("anna", after(101), after(200)) == []
    assert store.episodes("anna", after(-10), T0) == []
    assert store.episodes("anna", T0, after(1), [Finding.PAUSE]) == []
    assert len(store.episodes("anna", T0, after(1), [Finding.ATRIAL_FIBRILLATION])) == 1
    assert store.minutes("anna", after(-60), T0) == []
    assert len(store.minutes("anna", T0, after(1))) == 1
    assert len(store.notices("anna", T0, after(1))) == 1
    assert store.episodes("berta", T0, after(1)) == []


def test_times_of_any_zone_mean_the_same_instant(store):
    summer = timezone(timedelta(hours=2))
    store.add_event(minute("m", start_at=T0.astimezone(summer)), after(61))
    assert store.minutes("anna", T0.astimezone(summer), after(1))[0].start_at == T0


def test_a_time_without_a_zone_is_refused(store):
    with pytest.raises(Exception, match="without a time zone"):
        store.minutes("anna", T0.replace(tzinfo=None), T0)


def test_latest_at_is_the_end_of_what_was_measured(store):
    assert store.latest_at("anna") is None
    store.add_event(minute("m"), after(500))
    assert store.latest_at("anna") == after(60)
    store.add_event(episode("a", 0, 75), after(501))
    assert store.latest_at("anna") == after(75)


def live(at_s):
    ids = {"device_id": "strap-1", "patient_id": "anna"}
    return LiveState(**ids, at=after(at_s), link="connected", heart_rate_bpm=61.0)


def test_a_device_is_known_by_its_newest_word(store):
    store.set_availability("strap-1", "online", T0)
    store.set_state(live(5), after(6))
    store.set_availability("strap-1", "offline", after(90), heard=False)
    (device,) = store.devices("anna")
    assert (device.availability, device.heard_at) == ("offline", after(6))
    assert device.state.heart_rate_bpm == 61.0


def test_a_retained_word_does_not_make_a_silent_device_look_alive(store):
    store.set_state(live(0), after(9000), heard=False)
    assert store.devices("anna") == []
    store.add_event(minute("m"), after(9001))
    assert store.devices("anna")[0].heard_at == after(9001)


def test_a_clock_that_was_set_back_does_not_make_a_silent_device_look_alive(store):
    store.set_state(live(0), after(9000))
    store.set_state(live(1), after(1))
    store.set_availability("strap-1", "offline", after(9000), heard=False)
    assert store.devices("anna")[0].heard_at == after(1)


def test_a_dead_letter_that_comes_again_counts_up(store):
    for at_s in (0, 10):
        store.add_dead_letter("hearth/v1/x/event/minute", b"\xff{", "not JSON", after(at_s))
    store.add_dead_letter("hearth/v1/x/event/minute", b"x" * 100_000, "too long", after(20))
    newest, older = store.dead_letters(10)
    assert (older.times, older.payload, older.received_at) == (2, b"\xff{", after(10))
    assert (newest.payload_bytes, len(newest.payload)) == (100_000, 65_536)
    assert store.dead_letter_count() == 2


def test_a_patient_gets_the_name_of_the_config(store):
    store.add_event(minute("m"), after(61))
    store.ensure_patient("anna", "Anna A.")
    store.ensure_patient("berta", "Berta B.")
    assert [(p.patient_id, p.name) for p in store.patients()] == [("anna", "Anna A."), ("berta", "Berta B.")]
