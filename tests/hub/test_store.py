import logging
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid5

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from edge.events import (
    EpisodeEvent,
    LiveState,
    Localization,
    LookEvent,
    MinuteEvent,
    NoticeEvent,
    Strip,
)
from edge.labels import BeatClass, Finding, Priority, Rhythm
from hub.database import StoreError, alembic_config
from hub.model_words import model_words
from hub.schema import metadata
from hub.store import Store

T0 = datetime(2024, 3, 31, 0, 30, tzinfo=UTC)
NAMESPACE = UUID("6f3c0f8e-2d3a-4c83-9a5e-6f0a4f1f2b11")
IDS = {"device_id": "strap-1", "patient_id": "anna", "recording_id": uuid5(NAMESPACE, "recording")}


def after(seconds):
    return T0 + timedelta(seconds=seconds)


def strip(seconds, start_s=0):
    return Strip(lead="I", fs_hz=130.0, start_at=after(start_s), samples_uv=tuple(range(int(seconds * 130))))


def episode(name, step, until_s, **changes):
    fields = {
        "episode_id": uuid5(NAMESPACE, name),
        "event_id": uuid5(NAMESPACE, f"{name}/{step}"),
        "phase": "update",
        "finding": Finding.ATRIAL_FIBRILLATION,
        "priority": Priority.MEDIUM,
        "onset_at": T0,
        "observed_until_at": after(until_s),
        "confidence": 0.9,
        "seen_by": ("encoder",),
    }
    return EpisodeEvent(**IDS, **{**fields, **changes})


def minute(name, start_s=0.0, wear_s=60.0, **changes):
    fields = {
        "event_id": uuid5(NAMESPACE, f"minute/{name}"),
        "start_at": after(start_s),
        "wear_s": wear_s,
        "analysable_s": wear_s / 2,
        "beats": {BeatClass.NORMAL: 60, BeatClass.VENTRICULAR: 2},
        "rhythm_s": {Rhythm.ATRIAL_FIBRILLATION: 10.0},
    }
    return MinuteEvent(**IDS, **{**fields, **changes})


def notice(name, at_s=0.0):
    return NoticeEvent(
        **IDS, event_id=uuid5(NAMESPACE, name), at=after(at_s), code="link_lost", text="out of reach"
    )


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as opened:
        yield opened


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


def test_the_history_survives_closing(tmp_path):
    url = f"sqlite:///{tmp_path / 'deep' / 'hub.db'}"
    with Store.open(url) as first:
        first.add_event(minute("m"), after(61))
    with Store.open(url) as second:
        assert len(second.minutes("anna", T0, after(60))) == 1


def test_each_commit_reaches_the_disk(store):
    with store._writer.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]


def test_reading_in_another_process_does_not_wait_for_a_writer(tmp_path, store):
    store.add_event(minute("m"), after(61))
    writer = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as reader:
        assert len(reader.minutes("anna", T0, after(60))) == 1
    writer.execute("ROLLBACK")
    writer.close()


def test_reads_use_the_indexes(tmp_path, store):
    with sqlite3.connect(tmp_path / "hub.db") as connection:
        for table, column in (("minutes", "start_at"), ("episodes", "onset_at"), ("notices", "at")):
            query = f"SELECT * FROM {table} WHERE patient_id = 'a' AND {column} >= '1' AND {column} < '2'"
            plan = str(connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())
            assert f"ix_{table}_patient_id_{column}" in plan
    connection.close()


def test_the_migrations_lead_to_the_schema(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        command.downgrade(alembic_config(connection), "base")
        assert connection.dialect.get_table_names(connection) == ["alembic_version"]
    engine.dispose()


def test_opening_leaves_logging_alone(tmp_path):
    before = (list(logging.root.handlers), logging.root.level, logging.getLogger("hub").disabled)
    Store.open(f"sqlite:///{tmp_path / 'hub.db'}").close()
    assert (list(logging.root.handlers), logging.root.level, logging.getLogger("hub").disabled) == before


def test_a_file_that_is_no_database_gives_one_clear_line(tmp_path):
    (tmp_path / "hub.db").write_text("this is a shopping list, and not a database at all" * 100)
    with pytest.raises(StoreError, match=r"hub\.db: file is not a database"):
        Store.open(f"sqlite:///{tmp_path / 'hub.db'}")


def test_a_database_from_a_newer_version_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    Store.open(url).close()
    with sqlite3.connect(tmp_path / "hub.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="9999"):
        Store.open(url)
