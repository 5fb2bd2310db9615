"""Alembic's entry: it runs inside the transaction that the hall has opened."""

from alembic import context

from storage.tables.base import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds all of it
)
context.run_migrations()
