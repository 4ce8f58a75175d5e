"""Keypairs whose private keys are sealed under a master key, in all accounts.

A keypair of the category `GPG` has two sealed keys. Each has the id that its seal is bound to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Select, Table

from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_K, _P, _A = t.keypairs, t.openpgp_primary_keys, t.accounts


def _keys_of(table: Table, keypair_id: sa.Column[UUID]) -> Select[Any]:
    return sa.select(
        table.c.id,
        table.c.material,
        table.c.master_key_id,
        keypair_id.label("keypair_id"),
        _K.c.account_id,
        _K.c.alias,
    ).where(table.c.master_key_id.is_not(None))


#: The sealed keys of each table that has some, by the same names.
_SEALED: dict[Table, Select[Any]] = {
    _K: _keys_of(_K, _K.c.id),
    _P: _keys_of(_P, _P.c.keypair_id).join(_K, _K.c.id == _P.c.keypair_id),
}
_ALL = sa.union_all(*_SEALED.values()).subquery("sealed_keys")


def master_keys_in_use(connection: Connection) -> dict[str, int]:
    """Return how many keypairs of all accounts are sealed under each master key, by its id."""
    number = sa.func.count(_ALL.c.keypair_id.distinct()).label("number")
    query = sa.select(_ALL.c.master_key_id, number).group_by(_ALL.c.master_key_id)
    return {row.master_key_id: row.number for row in connection.execute(query)}


def load_sealed(connection: Connection, *, except_key_id: str | None = None) -> Sequence[Row[Any]]:
    """Return the sealed keys with the `account_name`, by that and the alias.

    Args:
        connection: A connection to the database.
        except_key_id: Leave out those that are sealed under this master key.
    """
    query = sa.select(_ALL, _A.c.name.label("account_name")).join(_A, _A.c.id == _ALL.c.account_id)
    query = query.order_by(_A.c.name, _ALL.c.alias, _ALL.c.id)
    if except_key_id is not None:
        query = query.where(_ALL.c.master_key_id != except_key_id)
    return connection.execute(query).all()


def is_any_sealed_otherwise(connection: Connection, key_id: str) -> bool:
    """Return whether a key of any account is sealed under another master key than this."""
    query = sa.select(_ALL.c.id).where(_ALL.c.master_key_id != key_id).limit(1)
    return connection.execute(query).first() is not None


def next_ids_to_reseal(
    connection: Connection, account_id: UUID, key_id: str, *, after: UUID | None, limit: int
) -> list[UUID]:
    """Return keypairs of an account with a key that another master key sealed, in order.

    Args:
        connection: A connection to the database.
        account_id: The account.
        key_id: The master key that the others are to be sealed under.
        after: Leave out keypairs up to this one.
        limit: How many at most.
    """
    query = sa.select(_ALL.c.keypair_id).distinct()
    query = query.where(_ALL.c.account_id == account_id, _ALL.c.master_key_id != key_id)
    if after is not None:
        query = query.where(_ALL.c.keypair_id > after)
    return list(connection.execute(query.order_by(_ALL.c.keypair_id).limit(limit)).scalars())


def lock_sealed(uow: UnitOfWork, keypair_ids: Collection[UUID]) -> list[tuple[Table, Row[Any]]]:
    """Lock the sealed keys of keypairs, and return each with the table that it is in."""
    return [
        (table, row)
        for table, query in _SEALED.items()
        for row in uow.connection.execute(_locking(query, table, keypair_ids)).all()
    ]


def _locking(query: Select[Any], table: Table, keypair_ids: Collection[UUID]) -> Select[Any]:
    query = query.where(_K.c.id.in_(keypair_ids)).order_by(table.c.id)
    return query.with_for_update(key_share=True, of=table)  # signatures refer to them meanwhile


def replace_seal(
    uow: UnitOfWork, table: Table, id_: UUID, material: bytes, master_key_id: str
) -> None:
    """Write a private key as it is sealed under another master key."""
    values = {"material": material, "master_key_id": master_key_id}
    uow.connection.execute(table.update().where(table.c.id == id_).values(values))
