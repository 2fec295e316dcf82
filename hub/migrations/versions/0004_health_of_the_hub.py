"""The hub's own heartbeat and troubles; minutes that were measured by intervals alone."""

from alembic import op
from sqlalchemy import Boolean, Column, PrimaryKeyConstraint, String, Text

from hub.schema import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "hub",
        Column("hub_id", String(length=64), nullable=False),
        Column("alive_at", UtcDateTime(), nullable=False),
        Column("is_running", Boolean(), nullable=False),
        Column("health", Text(), nullable=False),
        PrimaryKeyConstraint("hub_id", name="pk_hub"),
    )
    with op.batch_alter_table("minutes") as minutes:
        minutes.add_column(Column("measured_by", String(length=16), nullable=True))


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("minutes") as minutes:
        minutes.drop_column("measured_by")
    op.drop_table("hub")
