"""The hub's history; SQL is here and in `hub.merging` alone.

Delivery may be repeated and out of order: `add_event` is idempotent, and any order gives the same rows.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import (
    Engine,
    RowMapping,
    Select,
    String,
    Table,
    and_,
    cast,
    func,
    insert,
    select,
    update,
)

from edge.events import HUB_ID, Event, LiveState, encode
from edge.labels import Finding
from hub import merging, record_rows, schema
from hub.database import open_engine, writing
from hub.records import DeadLetter, DeviceStatus, Episode, HubStatus, Lasted, Look, Minute, Notice, Patient

_KEPT_BYTES: Final = 65_536
_ONE_MINUTE: Final = timedelta(minutes=1)


class Store:
    """All that the hub knows. Safe to use from several threads; each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = writing(engine)

    @classmethod
    def open(cls, url: str) -> Self:
        """Open or create the database of a SQLAlchemy URL, migrated; raises `StoreError`."""
        return cls(open_engine(url))

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_event(self, event: Event, received_at: datetime) -> bool:
        """Log an event and merge it, in one transaction; False if it was known.

        Raises `StoreError` if its `event_id` or its episode is known with another content or device.
        """
        with self._writer.begin() as connection:
            if not merging.log_event(connection, event, received_at):
                return False
            merging.merge_event(connection, event)
            merging.ensure_patient(connection, event.patient_id)
            merging.hear(connection, event.device_id, received_at, {"patient_id": event.patient_id})
        return True

    def has_event(self, device_id: str, event_id: UUID) -> bool:
        """Whether the audit trail holds an event of this id from this device, whatever its content."""
        table = schema.events
        key = {"device_id": device_id, "event_id": event_id}
        with self._engine.connect() as connection:
            return connection.execute(select(table.c.event_id).filter_by(**key)).first() is not None

    def add_dead_letter(
        self,
        topic: str,
        payload: bytes,
        reason: str,
        received_at: datetime,
        *,
        identity: bytes | None = None,
    ) -> None:
        """Keep what could not be stored as an event; one that comes again only counts up.

        Two letters on a topic are the same if their `identity` is, which is the payload unless given.
        """
        digest = sha256(topic.encode() + b"\0" + (payload if identity is None else identity)).hexdigest()
        table = schema.dead_letters
        values = {
            "payload": payload[:_KEPT_BYTES],
            "payload_bytes": len(payload),
            "reason": reason,
            "received_at": received_at,
        }
        with self._writer.begin() as connection:
            again = update(table).where(table.c.digest == digest).values(**values, times=table.c.times + 1)
            if not connection.execute(again).rowcount:
                connection.execute(insert(table).values(digest=digest, topic=topic, times=1, **values))

    def ensure_patient(self, patient_id: str, name: str) -> None:
        """Make a patient known, or change the name."""
        with self._writer.begin() as connection:
            merging.put(connection, schema.patients, {"patient_id": patient_id}, {"name": name})

    def set_availability(
        self, device_id: str, availability: str, at: datetime, *, heard: bool = True
    ) -> None:
        """What is said of a device's connection; `heard` is whether the device itself said so just now."""
        with self._writer.begin() as connection:
            merging.hear(connection, device_id, at if heard else None, {"availability": availability})

    def set_state(self, state: LiveState, at: datetime, *, heard: bool = True) -> None:
        """The newest state; `heard` is False for one that a broker had kept for an unknown time."""
        values = {"patient_id": state.patient_id, "state": encode(state).decode()}
        with self._writer.begin() as connection:
            merging.ensure_patient(connection, state.patient_id)
            merging.hear(connection, state.device_id, at if heard else None, values)
            if heard:
                merging.keep_troubles(connection, state, at)

    def set_hub(self, status: HubStatus) -> None:
        """The hub's word about itself; the newest counts."""
        with self._writer.begin() as connection:
            merging.put(connection, schema.hub, {"hub_id": HUB_ID}, record_rows.hub_columns(status))

    def hub(self) -> HubStatus | None:
        """What the hub said of itself last; `None` where it never did."""
        rows = self._read(select(schema.hub))
        return record_rows.hub_of(rows[0]) if rows else None

    def patients(self) -> list[Patient]:
        """All patients, by name."""
        table = schema.patients
        rows = self._read(select(table).order_by(table.c.name, table.c.patient_id))
        return [Patient(row["patient_id"], row["name"]) for row in rows]

    def devices(self, patient_id: str) -> list[DeviceStatus]:
        """The patient's devices that have been heard at least once."""
        table = schema.devices
        mine = and_(table.c.patient_id == patient_id, table.c.heard_at.is_not(None))
        rows = self._read(select(table).where(mine).order_by(table.c.device_id))
        return [record_rows.device_of(row) for row in rows]

    def episodes(
        self,
        patient_id: str,
        from_at: datetime,
        to_at: datetime,
        findings: Collection[Finding] | None = None,
    ) -> list[Episode]:
        """Episodes of which any part lies in [from_at, to_at), by onset; one still open counts so far."""
        table = schema.episodes
        query = select(table).where(
            table.c.patient_id == patient_id,
            table.c.onset_at < to_at,
            func.coalesce(table.c.end_at, table.c.observed_until_at, type_=schema.UtcDateTime) >= from_at,
        )
        if findings is not None:
            query = query.where(table.c.finding.in_(list(findings)))
        rows = self._read(query.order_by(table.c.onset_at, table.c.episode_id))
        return [record_rows.episode_of(row) for row in rows]

    def episode(self, episode_id: UUID) -> Episode | None:
        """One episode."""
        table = schema.episodes
        rows = self._read(select(table).where(table.c.episode_id == episode_id))
        return record_rows.episode_of(rows[0]) if rows else None

    def episodes_called(self, patient_id: str, beginning: str) -> list[Episode]:
        """The patient's episodes whose id begins with these hexadecimal digits; two are enough to doubt."""
        table = schema.episodes
        query = select(table).where(
            table.c.patient_id == patient_id,
            func.replace(cast(table.c.episode_id, String), "-", "").startswith(beginning, autoescape=True),
        )
        return [record_rows.episode_of(row) for row in self._read(query.limit(2))]

    def minutes(self, patient_id: str, from_at: datetime, to_at: datetime) -> list[Minute]:
        """Minutes that start in [from_at, to_at), in order; two recordings may share one."""
        table = schema.minutes
        query = _in_period(table, patient_id, "start_at", from_at, to_at)
        rows = self._read(query.order_by(table.c.start_at, table.c.device_id, table.c.recording_id))
        return [record_rows.minute_of(row) for row in rows]

    def looks(self, patient_id: str, from_at: datetime, to_at: datetime) -> list[Look]:
        """Looks of the language model that began in [from_at, to_at), in order; of episodes it has others."""
        table = schema.looks
        query = _in_period(table, patient_id, "at", from_at, to_at)
        rows = self._read(query.order_by(table.c.at, table.c.event_id))
        return [record_rows.look_of(row) for row in rows]

    def notices(self, patient_id: str, from_at: datetime, to_at: datetime) -> list[Notice]:
        """Notices in [from_at, to_at), in order."""
        table = schema.notices
        query = _in_period(table, patient_id, "at", from_at, to_at)
        rows = self._read(query.order_by(table.c.at, table.c.event_id))
        return [record_rows.notice_of(row) for row in rows]

    def troubles(self, patient_id: str, from_at: datetime, to_at: datetime) -> list[Lasted]:
        """What was wrong with the patient's devices at any time in [from_at, to_at), by beginning."""
        table = schema.troubles
        query = select(table).where(
            table.c.patient_id == patient_id, table.c.since < to_at, table.c.heard_at >= from_at
        )
        rows = self._read(query.order_by(table.c.since, table.c.device_id, table.c.code))
        return [record_rows.lasted_of(row) for row in rows]

    def latest_at(self, patient_id: str) -> datetime | None:
        """The end of what was measured so far: all of it lies before this time."""
        minutes, episodes = schema.minutes, schema.episodes
        last_minute = select(func.max(minutes.c.start_at)).where(minutes.c.patient_id == patient_id)
        last_seen = select(func.max(episodes.c.observed_until_at)).where(episodes.c.patient_id == patient_id)
        with self._engine.begin() as connection:
            start_at = connection.execute(last_minute).scalar()
            seen_at = connection.execute(last_seen).scalar()
        ends = [seen_at] if start_at is None else [seen_at, start_at + _ONE_MINUTE]
        return max((end for end in ends if end is not None), default=None)

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The dead letters that came last, newest first."""
        table = schema.dead_letters
        rows = self._read(select(table).order_by(table.c.received_at.desc(), table.c.digest).limit(limit))
        return [record_rows.dead_letter_of(row) for row in rows]

    def dead_letter_count(self) -> int:
        """How many different messages could not be stored as events."""
        return int(self._read(select(func.count().label("rows")).select_from(schema.dead_letters))[0]["rows"])

    def _read(self, query: Select[Any]) -> Sequence[RowMapping]:
        with self._engine.begin() as connection:
            return connection.execute(query).mappings().all()


def _in_period(table: Table, patient_id: str, column: str, from_at: datetime, to_at: datetime) -> Select[Any]:
    time = table.c[column]
    return select(table).where(table.c.patient_id == patient_id, time >= from_at, time < to_at)
