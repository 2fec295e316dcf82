"""Embeddings of the windows of episodes and minutes."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this version."""
    for name in ("episodes", "minutes"):
        with op.batch_alter_table(name) as table:
            table.add_column(Column("embedding", Text(), nullable=True))


def downgrade() -> None:
    """Back to the version before."""
    for name in ("episodes", "minutes"):
        with op.batch_alter_table(name) as table:
            table.drop_column("embedding")
