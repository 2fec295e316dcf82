"""Looks of the language model: at the end of an episode, and when it was time for one."""

from alembic import op
from sqlalchemy import Column, Float, PrimaryKeyConstraint, String, Text, Uuid

from hub.schema import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "looks",
        Column("event_id", Uuid(), nullable=False),
        Column("device_id", String(length=64), nullable=False),
        Column("patient_id", String(length=64), nullable=False),
        Column("at", UtcDateTime(), nullable=False),
        Column("duration_s", Float(), nullable=False),
        Column("heart_rate_bpm", Float(), nullable=True),
        Column("strip", Text(), nullable=True),
        Column("localization", Text(), nullable=True),
        PrimaryKeyConstraint("event_id", name="pk_looks"),
    )
    op.create_index("ix_looks_patient_id_at", "looks", ["patient_id", "at"])
    with op.batch_alter_table("episodes") as episodes:
        episodes.add_column(Column("end_look", Text(), nullable=True))
        episodes.add_column(Column("end_look_order", String(length=128), nullable=False, server_default=""))


def downgrade() -> None:
    """Back to the first version."""
    with op.batch_alter_table("episodes") as episodes:
        episodes.drop_column("end_look_order")
        episodes.drop_column("end_look")
    op.drop_table("looks")
