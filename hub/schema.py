"""The tables of the hub's database. Every time is stored as UTC and comes back timezone-aware."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out; a naive one raises `ValueError`."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the naive UTC that every database can hold."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a time zone: {value}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Back to an aware time."""
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


metadata: Final = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}
)

patients: Final = Table(
    "patients",
    metadata,
    Column("patient_id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
)

devices: Final = Table(
    "devices",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("patient_id", String(64), nullable=True, index=True),
    Column("availability", String(16), nullable=False),
    Column("heard_at", UtcDateTime, nullable=True),
    Column("state", Text, nullable=True),
)

# The audit trail: each event once, exactly as it was sent. Rows are only ever added.
events: Final = Table(
    "events",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("device_id", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("payload", Text, nullable=False),
    Index(None, "patient_id", "received_at"),
)

# Each `*_order` names, in sortable text, the event that the columns above it were taken from.
episodes: Final = Table(
    "episodes",
    metadata,
    Column("episode_id", Uuid, primary_key=True),
    Column("device_id", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("finding", String(64), nullable=False),
    Column("priority", String(16), nullable=False),
    Column("onset_at", UtcDateTime, nullable=False),
    Column("observed_until_at", UtcDateTime, nullable=False),
    Column("beats", JSON, nullable=False),
    Column("heart_rate_bpm", Float, nullable=True),
    Column("longest_rr_ms", Float, nullable=True),
    Column("confidence", Float, nullable=False),
    Column("seen_by", JSON, nullable=False),
    Column("signal_order", String(128), nullable=False),
    Column("end_at", UtcDateTime, nullable=True),
    Column("end_reason", String(32), nullable=True),
    Column("end_order", String(128), nullable=False),
    Column("strip", Text, nullable=True),
    Column("strip_order", String(128), nullable=False),
    Column("localization", Text, nullable=True),
    Column("localization_order", String(128), nullable=False),
    Column("end_look", Text, nullable=True),
    Column("end_look_order", String(128), nullable=False, server_default=""),
    Column("embedding", Text, nullable=True),
    Index(None, "patient_id", "onset_at"),
    Index(None, "patient_id", "observed_until_at"),
)

minutes: Final = Table(
    "minutes",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("recording_id", Uuid, primary_key=True),
    Column("start_at", UtcDateTime, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("wear_s", Float, nullable=False),
    Column("analysable_s", Float, nullable=False),
    Column("beats", JSON, nullable=False),
    Column("rhythm_s", JSON, nullable=False),
    Column("mean_heart_rate_bpm", Float, nullable=True),
    Column("min_heart_rate_bpm", Float, nullable=True),
    Column("max_heart_rate_bpm", Float, nullable=True),
    Column("longest_rr_ms", Float, nullable=True),
    Column("embedding", Text, nullable=True),
    Column("measured_by", String(16), nullable=True),
    Index(None, "patient_id", "start_at"),
)

# The language model's looks that no episode asked for.
looks: Final = Table(
    "looks",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("device_id", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("heart_rate_bpm", Float, nullable=True),
    Column("strip", Text, nullable=True),
    Column("localization", Text, nullable=True),
    Index(None, "patient_id", "at"),
)

notices: Final = Table(
    "notices",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("device_id", String(64), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("code", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "patient_id", "at"),
)

# What was wrong with a device, and until when it said so.
troubles: Final = Table(
    "troubles",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("code", String(40), primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("patient_id", String(64), nullable=False),
    Column("heard_at", UtcDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "patient_id", "since"),
)

# The hub's heartbeat: one that is old says that the hub does not run, or cannot write here.
hub: Final = Table(
    "hub",
    metadata,
    Column("hub_id", String(64), primary_key=True),
    Column("alive_at", UtcDateTime, nullable=False),
    Column("is_running", Boolean, nullable=False),
    Column("health", Text, nullable=False),
)

# What could not be stored as an event. A message that comes again counts up instead of adding a row.
dead_letters: Final = Table(
    "dead_letters",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("payload_bytes", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False, index=True),
    Column("times", Integer, nullable=False),
)
