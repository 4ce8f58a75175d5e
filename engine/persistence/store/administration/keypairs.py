"""Rows of keypairs: what the commands on keypairs read and write."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model.errors import not_found
from engine.model.text import name_key
from engine.persistence.db.sql import id_in
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.administration import link_tables
from engine.persistence.store.administration.link_tables import replace_links
from engine.persistence.store.unit_of_work import UnitOfWork

_K = t.keypairs
#: In place of the name of a signer: several can reach one token. Earlier versions wrote the name.
_EVERY_SIGNER = ""


def insert_keypair(
    uow: UnitOfWork,
    keypair_id: UUID,
    alias: str,
    columns: Mapping[str, Any],
    *,
    user_ids: Collection[UUID],
) -> None:
    """Write a new enabled keypair with the users mapped to it.

    Args:
        uow: The unit of work of the command.
        keypair_id: Its id.
        alias: Its alias, as it is stored.
        columns: Its other columns: what was asked for, and what its signer made.
        user_ids: The users mapped to it.
    """
    uow.connection.execute(
        _K.insert().values(
            id=keypair_id,
            account_id=uow.account_id,
            alias=alias,
            alias_key=name_key(alias),
            enabled=True,
            created_at=uow.now,
            **columns,
        )
    )
    replace_users(uow, keypair_id, user_ids)


def insert_adopted(uow: UnitOfWork, keypair_id: UUID, public_key: str) -> None:
    """Write which key a keypair has adopted; a constraint refuses it a second time."""
    values = {
        "backend": _EVERY_SIGNER,
        "public_key_hash": _hash_of(public_key),
        "keypair_id": keypair_id,
    }
    uow.connection.execute(t.adopted_keys.insert().values(values))


def is_adopted(uow: UnitOfWork, public_key: str) -> bool:
    """Return whether a keypair of any account has adopted a key, from whichever signer."""
    query = sa.select(t.adopted_keys.c.keypair_id)
    query = query.where(t.adopted_keys.c.public_key_hash == _hash_of(public_key))
    return uow.connection.execute(query).first() is not None


def load_keypair_of_key(uow: UnitOfWork, public_key: str) -> Row[Any] | None:
    """Return the row of a keypair of the account that has a key; of two, the older one."""
    query = sa.select(_K).where(_K.c.account_id == uow.account_id, _K.c.public_key == public_key)
    return uow.connection.execute(query.order_by(_K.c.id).limit(1)).one_or_none()


def _hash_of(public_key: str) -> bytes:
    return sha256(public_key.encode("ascii")).digest()


def insert_successor(uow: UnitOfWork, predecessor_id: UUID, successor_id: UUID) -> None:
    """Write which keypair took the place of which."""
    values = {"predecessor_id": predecessor_id, "successor_id": successor_id}
    uow.connection.execute(t.keypair_successors.insert().values(values))


def load_successors(connection: Connection, predecessor_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the aliases of the successors of keypairs, by their predecessors."""
    s = t.keypair_successors
    query = (
        sa.select(s.c.predecessor_id, _K.c.alias)
        .join(_K, _K.c.id == s.c.successor_id)
        .where(id_in(s.c.predecessor_id))
    )
    rows = connection.execute(query, {"ids": sorted(predecessor_ids)})
    return {row.predecessor_id: row.alias for row in rows}


def load_team_ids(uow: UnitOfWork, keypair_id: UUID) -> frozenset[UUID]:
    """Return the teams that a keypair was granted to."""
    return loading.column_set(uow.connection, t.team_keypairs.c.team_id, keypair_id=keypair_id)


def load_keypair(uow: UnitOfWork, keypair_id: UUID, field: str = "id") -> Row[Any]:
    """Return the row of a keypair of the account; refuses NOT_FOUND."""
    query = sa.select(_K).where(_K.c.id == keypair_id, _K.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("keypair", field)
    return row


def load_user_ids(uow: UnitOfWork, keypair_id: UUID) -> frozenset[UUID]:
    """Return the users who are mapped to a keypair."""
    return loading.column_set(uow.connection, t.keypair_users.c.user_id, keypair_id=keypair_id)


def update_keypair(uow: UnitOfWork, keypair_id: UUID, values: Mapping[str, Any]) -> None:
    """Write these of a keypair, by the names of the ledger: columns, and `user_ids`."""
    columns = {name: value for name, value in values.items() if name in _K.c}
    if "alias" in columns:
        columns["alias_key"] = name_key(columns["alias"])
    if columns:
        uow.connection.execute(_K.update().where(_K.c.id == keypair_id).values(**columns))
    if "user_ids" in values:
        replace_users(uow, keypair_id, values["user_ids"])


def replace_users(uow: UnitOfWork, keypair_id: UUID, user_ids: Collection[UUID]) -> None:
    """Make these the users mapped to a keypair."""
    replace_links(uow.connection, t.keypair_users, ("keypair_id", keypair_id), "user_id", user_ids)


def alias_is_taken(uow: UnitOfWork, alias: str) -> bool:
    """Return whether a keypair of the account has this alias, letter case aside."""
    query = sa.select(_K.c.id).where(
        _K.c.account_id == uow.account_id, _K.c.alias_key == name_key(alias)
    )
    return uow.connection.execute(query).first() is not None


def load_ids(connection: Connection) -> frozenset[UUID]:
    """Return the ids of the keypairs of all accounts."""
    return frozenset(connection.execute(sa.select(_K.c.id)).scalars())


def keypair_exists(connection: Connection, keypair_id: UUID) -> bool:
    """Return whether there is a keypair with this id, in whatever account."""
    query = sa.select(_K.c.id).where(_K.c.id == keypair_id)
    return connection.execute(query).first() is not None


def unknown_ids(uow: UnitOfWork, ids: Collection[UUID]) -> set[UUID]:
    """Return those ids that are of no keypair of the account."""
    return link_tables.unknown_ids(uow.connection, uow.account_id, _K, ids)
