"""What one message changes in the hub's database: within the transaction of whoever calls, idempotent."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from edge.events import EpisodeEvent, Event, LiveState, LookEvent, MinuteEvent, encode
from hub import schema
from hub.database import StoreError
from hub.event_rows import look_columns, merge_episode, minute_columns, minute_wins, notice_columns


def log_event(connection: Connection, event: Event, received_at: datetime) -> bool:
    """Add to the audit trail; False if the event is there."""
    table, payload = schema.events, encode(event).decode()
    known = connection.execute(select(table.c.payload).where(table.c.event_id == event.event_id)).scalar()
    if known is not None:
        if known != payload:
            raise StoreError(f"event {event.event_id} is known with another content")
        return False
    columns = event.model_dump(include={"event_id", "kind", "device_id", "patient_id"})
    connection.execute(insert(table).values({**columns, "received_at": received_at, "payload": payload}))
    return True


def merge_event(connection: Connection, event: Event) -> None:
    """Take an event into what is known of its episode, minute, look or notice."""
    if isinstance(event, EpisodeEvent):
        _merge_into_episodes(connection, event)
    elif isinstance(event, MinuteEvent):
        _merge_into_minutes(connection, event)
    elif isinstance(event, LookEvent):
        connection.execute(insert(schema.looks).values(look_columns(event)))
    else:
        connection.execute(insert(schema.notices).values(notice_columns(event)))


def _merge_into_episodes(connection: Connection, event: EpisodeEvent) -> None:
    key = {"episode_id": event.episode_id}
    known = _get(connection, schema.episodes, key)
    if known and (known["device_id"], known["patient_id"]) != (event.device_id, event.patient_id):
        raise StoreError(f"episode {event.episode_id} belongs to another device or patient")
    put(connection, schema.episodes, key, merge_episode(known, event))


def _merge_into_minutes(connection: Connection, event: MinuteEvent) -> None:
    key = event.model_dump(include={"device_id", "recording_id", "start_at"})
    known, columns = _get(connection, schema.minutes, key), minute_columns(event)
    if known is None or minute_wins(columns, known):
        put(connection, schema.minutes, key, columns)


def ensure_patient(connection: Connection, patient_id: str) -> None:
    """A patient whom nobody named goes by the id."""
    if _get(connection, schema.patients, {"patient_id": patient_id}) is None:
        connection.execute(insert(schema.patients).values(patient_id=patient_id, name=patient_id))


def hear(connection: Connection, device_id: str, heard_at: datetime | None, values: dict[str, Any]) -> None:
    """Note the newest word from a device, by the hub's clock as it is now: also where it was set back."""
    known = _get(connection, schema.devices, {"device_id": device_id}) or {}
    heard = {"heard_at": known.get("heard_at") if heard_at is None else heard_at}
    values = {"availability": "unknown", **known, **values, **heard}
    put(connection, schema.devices, {"device_id": device_id}, values)


def _get(connection: Connection, table: Table, key: dict[str, Any]) -> dict[str, Any] | None:
    row = connection.execute(select(table).filter_by(**key)).mappings().first()
    return None if row is None else dict(row)


def put(connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Change the row of that key, or add it."""
    changed = connection.execute(update(table).filter_by(**key).values(values))
    if not changed.rowcount:
        connection.execute(insert(table).values({**values, **key}))


def keep_troubles(connection: Connection, state: LiveState, at: datetime) -> None:
    """What is wrong now was heard `at`: how long it lasted stays known when it is over."""
    for trouble in state.health or ():
        key = {"device_id": state.device_id, "code": trouble.code, "since": trouble.since}
        values = {"patient_id": state.patient_id, "heard_at": at, "text": trouble.text}
        put(connection, schema.troubles, key, values)
