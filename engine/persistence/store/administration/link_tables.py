"""Tables that link two things: members of a team, users of a keypair, roles of a user."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from engine.persistence.db.sql import id_in, no_index


def replace_links(
    connection: Connection,
    table: Table,
    owner: tuple[str, UUID],
    column: str,
    ids: Collection[UUID],
) -> None:
    """Make the rows of one owner in a link table exactly these.

    Args:
        connection: The transaction.
        table: The link table.
        owner: The column of the owner, and the owner's id.
        column: The column that holds the other id.
        ids: What the owner is linked to afterwards.
    """
    owner_column, owner_id = owner
    connection.execute(sa.delete(table).where(table.c[owner_column] == owner_id))
    rows = [{owner_column: owner_id, column: id_} for id_ in sorted(set(ids))]
    if rows:
        connection.execute(table.insert(), rows)


def all_exist(
    connection: Connection, account_id: UUID, table: Table, ids: Collection[UUID]
) -> bool:
    """Return whether every id is that of a row of the account."""
    if not ids:
        return True
    of_account = id_in(table.c.id), no_index(table.c.account_id) == account_id
    query = sa.select(sa.func.count()).where(*of_account)
    number: int = connection.execute(query, {"ids": sorted(set(ids))}).scalar_one()
    return number == len(set(ids))
