"""The versions of the hub's database, and the way from each to the next (Alembic)."""
