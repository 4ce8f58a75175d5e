"""For migrations: an index on a table that is in use, built without stopping those who write."""

from collections.abc import Sequence
from typing import Any

from alembic import op


def build_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """On PostgreSQL CONCURRENTLY, outside of a transaction: what came before it is committed, so
    it belongs into a migration of its own.
    """
    if op.get_bind().dialect.name != "postgresql":
        op.create_index(name, table, columns, **options)
        return
    with op.get_context().autocommit_block():
        # What an earlier try left behind is marked invalid, and of no use.
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_concurrently=True, **options)
