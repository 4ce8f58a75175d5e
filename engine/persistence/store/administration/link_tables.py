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


def unknown_ids(
    connection: Connection, account_id: UUID, table: Table, ids: Collection[UUID]
) -> set[UUID]:
    """Return those ids that are of no row of the account."""
    if not ids:
        return set()
    of_account = id_in(table.c.id), no_index(table.c.account_id) == account_id
    query = sa.select(table.c.id).where(*of_account)
    return set(ids) - set(connection.execute(query, {"ids": sorted(set(ids))}).scalars())
