"""Run by Alembic: uses the connection it is handed, never one of its own."""

from alembic import context

from engine.persistence.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata", metadata),
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
