"""What goes into the store: each event once, in any order, and the better of two kept."""

from datetime import UTC, timedelta
from uuid import uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.events import (
    Localization,
    LookEvent,
)
from edge.labels import BeatClass, Finding
from hub.database import StoreError
from hub.model_words import model_words
from hub.store import Store
from tests.hub.stored_events import IDS, NAMESPACE, T0, after, episode, minute, notice, strip


def test_an_episode_goes_in_and_comes_back_with_its_strip(store):
    sent = episode("a", 0, 30, phase="new", strip=strip(10), beats={BeatClass.NORMAL: 40})
    assert store.add_event(sent, after(31))
    found = store.episode(sent.episode_id)
    assert found.strip == sent.strip
    assert found.beats == {BeatClass.NORMAL: 40}
    assert found.finding is Finding.ATRIAL_FIBRILLATION
    assert found.onset_at == T0
    assert found.onset_at.tzinfo is UTC
    assert [p.patient_id for p in store.patients()] == ["anna"]


def test_the_same_event_twice_is_one_event(store):
    assert store.add_event(minute("m"), after(60))
    assert not store.add_event(minute("m"), after(90))
    assert len(store.minutes("anna", T0, after(60))) == 1


def test_an_event_id_used_for_another_content_is_refused(store):
    store.add_event(minute("m"), after(60))
    with pytest.raises(StoreError, match="known with another content"):
        store.add_event(minute("m", wear_s=30), after(60))


def test_a_device_cannot_write_into_the_episode_of_another(store):
    store.add_event(episode("a", 0, 30), after(31))
    intruder = episode("a", 1, 60).model_copy(update={"device_id": "strap-2"})
    with pytest.raises(StoreError, match="another device"):
        store.add_event(intruder, after(61))
    assert store.episode(intruder.episode_id).observed_until_at == after(30)
    assert store.add_event(episode("a", 1, 60), after(62))  # the refused event left no trace in the log


def test_an_end_stays_and_a_late_answer_of_the_language_model_is_taken(store):
    answer = Localization(status="answered", model="small", latency_s=20, sentence="AF throughout.")
    store.add_event(episode("a", 2, 60, phase="end", end_at=after(60), end_reason="ended"), after(61))
    store.add_event(episode("a", 1, 45, localization=answer, strip=strip(10), confidence=0.2), after(90))
    found = store.episode(uuid5(NAMESPACE, "a"))
    assert (found.phase, found.end_at, found.end_reason) == ("end", after(60), "ended")
    assert found.localization == answer
    assert found.strip is not None
    assert found.confidence == 0.9


def test_an_answer_is_not_displaced_by_the_lack_of_one(store):
    store.add_event(episode("a", 0, 45, localization=Localization(status="answered")), after(46))
    store.add_event(episode("a", 1, 60, localization=Localization(status="late")), after(61))
    assert store.episode(uuid5(NAMESPACE, "a")).localization.status == "answered"


def test_the_look_at_the_end_is_kept_apart_with_its_own_strip(store):
    onset = Localization(status="answered", sentence="AF from 2.0 to 10.0 s.")
    end = Localization(status="answered", sentence="AF from 0.0 to 5.0 s.", struck=2)
    late = Localization(status="late")
    store.add_event(episode("a", 0, 5, phase="new", strip=strip(10)), after(6))
    store.add_event(episode("a", 3, 300, localization=end, looked="end", strip=strip(10, 295)), after(301))
    store.add_event(episode("a", 4, 300, localization=late, looked="end"), after(302))
    store.add_event(episode("a", 1, 5, localization=onset, looked="onset"), after(303))
    found = store.episode(uuid5(NAMESPACE, "a"))
    assert found.localization == onset
    assert found.strip == strip(10)
    assert (found.end_look.localization, found.end_look.strip) == (end, strip(10, 295))


def test_a_look_that_was_due_goes_in_and_comes_back(store):
    said = Localization(status="answered", sentence="Sinus rhythm at 70 bpm.", struck=1)
    sent = LookEvent(
        **IDS,
        event_id=uuid5(NAMESPACE, "look"),
        at=after(900),
        duration_s=10,
        heart_rate_bpm=70.5,
        strip=strip(10, 900),
        localization=said,
    )
    assert store.add_event(sent, after(930))
    assert not store.add_event(sent, after(940))
    (found,) = store.looks("anna", T0, after(3600))
    assert (found.at, found.strip, found.localization) == (after(900), sent.strip, said)
    assert store.looks("anna", after(901), after(3600)) == []
    words = model_words([], [found])
    assert (words.asked, words.answered, words.struck, words.latest_look_at) == (1, 1, 1, after(900))


def test_the_longer_strip_is_kept(store):
    store.add_event(episode("a", 0, 45, strip=strip(30)), after(46))
    store.add_event(episode("a", 1, 60, strip=strip(10, start_s=50)), after(61))
    store.add_event(episode("a", 2, 70, strip=strip(30, start_s=40)), after(71))
    assert store.episode(uuid5(NAMESPACE, "a")).strip.start_at == after(40)


def test_of_a_minute_sent_twice_the_one_with_more_wear_is_kept(store):
    for name, wear_s in (("half", 30.0), ("whole", 60.0), ("less", 12.0)):
        store.add_event(minute(name, wear_s=wear_s), after(60))
    assert [row.wear_s for row in store.minutes("anna", T0, after(60))] == [60.0]


def test_two_recordings_may_share_a_minute(store):
    store.add_event(minute("before", wear_s=20), after(60))
    other = {"recording_id": uuid5(NAMESPACE, "other"), "event_id": uuid5(NAMESPACE, "other minute")}
    store.add_event(minute("after", wear_s=30).model_copy(update=other), after(60))
    assert sum(row.wear_s for row in store.minutes("anna", T0, after(60))) == 50


SENT = [
    episode("a", 0, 10, phase="new", strip=strip(2)),
    episode("a", 1, 20, beats={BeatClass.NORMAL: 20}, strip=strip(4), heart_rate_bpm=91.5),
    episode("a", 2, 20, localization=Localization(status="late"), confidence=0.4),
    episode("a", 3, 30, phase="end", end_at=after(29), end_reason="ended", strip=strip(3)),
    episode("a", 4, 40, localization=Localization(status="answered", sentence="yes")),
    episode("b", 0, 50, phase="new", finding=Finding.PAUSE, onset_at=after(45)),
    minute("m0", 0, 20),
    minute("m0 again", 0, 60),
    minute("m1", 60, 60),
    minute("m1 tie", 60, 60, analysable_s=50.0),
    notice("n"),
]


def contents(store):
    period = ("anna", T0 - timedelta(days=1), T0 + timedelta(days=1))
    return store.episodes(*period), store.minutes(*period), store.notices(*period), store.latest_at("anna")


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('expected') / 'hub.db'}") as opened:
        for event in SENT:
            opened.add_event(event, T0)
        return contents(opened)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(SENT))), repeated=st.lists(st.sampled_from(SENT), max_size=8))
def test_any_order_with_repetitions_gives_the_same_history(tmp_path_factory, expected, order, repeated):
    folder = tmp_path_factory.mktemp("shuffled")
    with Store.open(f"sqlite:///{folder / 'hub.db'}") as opened:
        new = [opened.add_event(event, T0) for event in [*(SENT[i] for i in order), *repeated]]
        assert sum(new) == len(SENT)
        assert contents(opened) == expected
