"""How long each trouble of a device lasted."""

from alembic import op
from sqlalchemy import Column, PrimaryKeyConstraint, String, Text

from hub.schema import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    op.create_table(
        "troubles",
        Column("device_id", String(length=64), nullable=False),
        Column("code", String(length=40), nullable=False),
        Column("since", UtcDateTime(), nullable=False),
        Column("patient_id", String(length=64), nullable=False),
        Column("heard_at", UtcDateTime(), nullable=False),
        Column("text", Text(), nullable=False),
        PrimaryKeyConstraint("device_id", "code", "since", name="pk_troubles"),
    )
    op.create_index("ix_troubles_patient_id_since", "troubles", ["patient_id", "since"])


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("troubles")
