"""A history of an earlier version is taken over, and its events may still come again."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import create_engine

from edge.events import MinuteEvent, encode
from hub.database import alembic_config
from hub.store import Store

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
ECG = MinuteEvent(
    event_id=UUID(int=1),
    device_id="strap-1",
    patient_id="anna",
    recording_id=UUID(int=2),
    start_at=AT,
    wear_s=60,
    analysable_s=57,
    beats={"N": 70},
    rhythm_s={"N": 57},
)
LATER = AT + timedelta(minutes=1)
INTERVALS = ECG.model_copy(update={"event_id": UUID(int=3), "start_at": LATER, "measured_by": "intervals"})


@pytest.fixture
def url(tmp_path):
    """A database of version 0003 that holds one minute, as that version wrote it."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    engine = create_engine(url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0003")
        minute, log = ECG.event_id.hex, ECG.recording_id.hex
        connection.exec_driver_sql(
            "INSERT INTO minutes (device_id, recording_id, start_at, event_id, patient_id, wear_s,"
            " analysable_s, beats, rhythm_s) VALUES (?, ?, ?, ?, 'anna', 60, 57, ?, ?)",
            ("strap-1", log, "2026-03-02 10:00:00.000000", minute, '{"N": 70}', '{"N": 57}'),
        )
        connection.exec_driver_sql(
            "INSERT INTO events VALUES (?, 'minute', 'strap-1', 'anna', '2026-03-02 10:01:00.000000', ?)",
            (minute, encode(ECG).decode()),
        )
    engine.dispose()
    return url


def test_minutes_of_before_have_a_waveform_and_those_by_intervals_keep_their_mark(url):
    with Store.open(url) as store:
        assert store.add_event(ECG, LATER) is False, "known, with the same content"
        assert store.add_event(INTERVALS, LATER)
        minutes = store.minutes("anna", AT, AT + timedelta(hours=1))
    assert [minute.measured_by for minute in minutes] == [None, "intervals"]


def test_there_is_a_way_back(url):
    with Store.open(url) as store:
        store.add_event(INTERVALS, LATER)
    engine = create_engine(url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0003")
        (count,) = connection.exec_driver_sql("SELECT COUNT(*) FROM minutes").one()
    engine.dispose()
    assert count == 2
