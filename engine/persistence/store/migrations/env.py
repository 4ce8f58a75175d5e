"""Run by Alembic: uses the connection it is handed, never one of its own."""

from alembic import context

from engine.persistence.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata", metadata),
    render_as_batch=True,
    # Unless one is under way already, as on SQLite.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
