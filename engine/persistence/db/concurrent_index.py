"""For migrations: an index on a table that is in use, built or dropped while others write.

On PostgreSQL CONCURRENTLY, outside of a transaction: what came before it is committed, so it
belongs into a migration of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic import op


def build_index(name: str, table: str, columns: Sequence[str], **options: Any) -> None:
    """Build an index, in place of an invalid one that an earlier failure may have left."""
    drop_index(name, table)
    with _concurrently() as keywords:
        op.create_index(name, table, columns, **keywords, **options)


def drop_index(name: str, table: str) -> None:
    """Drop an index, if it exists."""
    with _concurrently() as keywords:
        op.drop_index(name, table, if_exists=True, **keywords)


@contextmanager
def _concurrently() -> Iterator[dict[str, Any]]:
    if op.get_bind().dialect.name != "postgresql":
        yield {}
        return
    with op.get_context().autocommit_block():
        yield {"postgresql_concurrently": True}
