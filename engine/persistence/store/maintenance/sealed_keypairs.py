"""Keypairs whose private keys are sealed under a master key, in all accounts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_K, _A = t.keypairs, t.accounts
_IS_SEALED = _K.c.master_key_id.is_not(None)


def master_keys_in_use(connection: Connection) -> dict[str, int]:
    """Return how many keypairs of all accounts are sealed under each master key, by its id."""
    query = sa.select(_K.c.master_key_id, sa.func.count().label("number"))
    sealed = query.where(_IS_SEALED).group_by(_K.c.master_key_id)
    return {row.master_key_id: row.number for row in connection.execute(sealed)}


def load_sealed(connection: Connection, *, except_key_id: str | None = None) -> Sequence[Row[Any]]:
    """Return the rows of sealed keypairs with their `account_name`, by that and the alias.

    Args:
        connection: A connection to the database.
        except_key_id: Leave out those that are sealed under this master key.
    """
    query = sa.select(_K, _A.c.name.label("account_name")).join(_A, _A.c.id == _K.c.account_id)
    query = query.where(_IS_SEALED).order_by(_A.c.name, _K.c.alias)
    if except_key_id is not None:
        query = query.where(_K.c.master_key_id != except_key_id)
    return connection.execute(query).all()


def is_any_sealed_otherwise(connection: Connection, key_id: str) -> bool:
    """Return whether a keypair of any account is sealed under another master key than this."""
    query = sa.select(_K.c.id).where(_K.c.master_key_id != key_id).limit(1)
    return connection.execute(query).first() is not None


def next_ids_to_reseal(
    connection: Connection, account_id: UUID, key_id: str, *, after: UUID | None, limit: int
) -> list[UUID]:
    """Return keypairs of an account that are sealed under another master key, in order.

    Args:
        connection: A connection to the database.
        account_id: The account.
        key_id: The master key that the others are to be sealed under.
        after: Leave out keypairs up to this one.
        limit: How many at most.
    """
    query = sa.select(_K.c.id).where(_K.c.account_id == account_id, _K.c.master_key_id != key_id)
    if after is not None:
        query = query.where(_K.c.id > after)
    return list(connection.execute(query.order_by(_K.c.id).limit(limit)).scalars())


def lock_keypairs(uow: UnitOfWork, ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Lock keypairs and return their rows, in order."""
    query = sa.select(_K).where(_K.c.id.in_(ids)).order_by(_K.c.id)
    query = query.with_for_update(key_share=True)  # signatures refer to them meanwhile
    return uow.connection.execute(query).all()


def replace_seal(uow: UnitOfWork, keypair_id: UUID, material: bytes, key_id: str) -> None:
    """Write the private key of a keypair as it is sealed under another master key."""
    values = {"material": material, "master_key_id": key_id}
    uow.connection.execute(_K.update().where(_K.c.id == keypair_id).values(values))
