"""The first version."""

from alembic import op
from sqlalchemy import JSON, Column, Float, Integer, LargeBinary, PrimaryKeyConstraint, String, Text, Uuid

from hub.schema import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "dead_letters",
        Column("digest", String(length=64), nullable=False),
        Column("topic", Text(), nullable=False),
        Column("payload", LargeBinary(), nullable=False),
        Column("payload_bytes", Integer(), nullable=False),
        Column("reason", Text(), nullable=False),
        Column("received_at", UtcDateTime(), nullable=False),
        Column("times", Integer(), nullable=False),
        PrimaryKeyConstraint("digest", name="pk_dead_letters"),
    )
    op.create_index("ix_dead_letters_received_at", "dead_letters", ["received_at"])
    op.create_table(
        "devices",
        Column("device_id", String(length=64), nullable=False),
        Column("patient_id", String(length=64), nullable=True),
        Column("availability", String(length=16), nullable=False),
        Column("heard_at", UtcDateTime(), nullable=True),
        Column("state", Text(), nullable=True),
        PrimaryKeyConstraint("device_id", name="pk_devices"),
    )
    op.create_index("ix_devices_patient_id", "devices", ["patient_id"])
    op.create_table(
        "episodes",
        Column("episode_id", Uuid(), nullable=False),
        Column("device_id", String(length=64), nullable=False),
        Column("patient_id", String(length=64), nullable=False),
        Column("phase", String(length=16), nullable=False),
        Column("finding", String(length=64), nullable=False),
        Column("priority", String(length=16), nullable=False),
        Column("onset_at", UtcDateTime(), nullable=False),
        Column("observed_until_at", UtcDateTime(), nullable=False),
        Column("beats", JSON(), nullable=False),
        Column("heart_rate_bpm", Float(), nullable=True),
        Column("longest_rr_ms", Float(), nullable=True),
        Column("confidence", Float(), nullable=False),
        Column("seen_by", JSON(), nullable=False),
        Column("signal_order", String(length=128), nullable=False),
        Column("end_at", UtcDateTime(), nullable=True),
        Column("end_reason", String(length=32), nullable=True),
        Column("end_order", String(length=128), nullable=False),
        Column("strip", Text(), nullable=True),
        Column("strip_order", String(length=128), nullable=False),
        Column("localization", Text(), nullable=True),
        Column("localization_order", String(length=128), nullable=False),
        PrimaryKeyConstraint("episode_id", name="pk_episodes"),
    )
    op.create_index(
        "ix_episodes_patient_id_observed_until_at", "episodes", ["patient_id", "observed_until_at"]
    )
    op.create_index("ix_episodes_patient_id_onset_at", "episodes", ["patient_id", "onset_at"])
    op.create_table(
        "events",
        Column("event_id", Uuid(), nullable=False),
        Column("kind", String(length=16), nullable=False),
        Column("device_id", String(length=64), nullable=False),
        Column("patient_id", String(length=64), nullable=False),
        Column("received_at", UtcDateTime(), nullable=False),
        Column("payload", Text(), nullable=False),
        PrimaryKeyConstraint("event_id", name="pk_events"),
    )
    op.create_index("ix_events_patient_id_received_at", "events", ["patient_id", "received_at"])
    op.create_table(
        "minutes",
        Column("device_id", String(length=64), nullable=False),
        Column("recording_id", Uuid(), nullable=False),
        Column("start_at", UtcDateTime(), nullable=False),
        Column("event_id", Uuid(), nullable=False),
        Column("patient_id", String(length=64), nullable=False),
        Column("wear_s", Float(), nullable=False),
        Column("analysable_s", Float(), nullable=False),
        Column("beats", JSON(), nullable=False),
        Column("rhythm_s", JSON(), nullable=False),
        Column("mean_heart_rate_bpm", Float(), nullable=True),
        Column("min_heart_rate_bpm", Float(), nullable=True),
        Column("max_heart_rate_bpm", Float(), nullable=True),
        Column("longest_rr_ms", Float(), nullable=True),
        PrimaryKeyConstraint("device_id", "recording_id", "start_at", name="pk_minutes"),
    )
    op.create_index("ix_minutes_patient_id_start_at", "minutes", ["patient_id", "start_at"])
    op.create_table(
        "notices",
        Column("event_id", Uuid(), nullable=False),
        Column("device_id", String(length=64), nullable=False),
        Column("patient_id", String(length=64), nullable=False),
        Column("at", UtcDateTime(), nullable=False),
        Column("code", String(length=64), nullable=False),
        Column("text", Text(), nullable=False),
        PrimaryKeyConstraint("event_id", name="pk_notices"),
    )
    op.create_index("ix_notices_patient_id_at", "notices", ["patient_id", "at"])
    op.create_table(
        "patients",
        Column("patient_id", String(length=64), nullable=False),
        Column("name", Text(), nullable=False),
        PrimaryKeyConstraint("patient_id", name="pk_patients"),
    )


def downgrade() -> None:
    """Back to an empty database."""
    for table in ("patients", "notices", "minutes", "events", "episodes", "devices", "dead_letters"):
        op.drop_table(table)
