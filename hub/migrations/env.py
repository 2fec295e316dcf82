"""Alembic's entry point: works on the connection that `hub.database` hands over; leaves logging alone."""

from alembic import context

from hub.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
