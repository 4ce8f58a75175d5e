"""Rows of users: what the commands on users read and write."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model.addresses import Address, share_mailbox
from engine.model.errors import not_found
from engine.model.grants import ADMINISTRATION
from engine.model.text import lookup_key, name_key
from engine.model.vocabulary import Permission
from engine.persistence.db.sql import id_in, no_index
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.administration import link_tables
from engine.persistence.store.administration.link_tables import replace_links
from engine.persistence.store.unit_of_work import UnitOfWork

_U = t.users
# Statements of the hot path are built once: to build one costs more than to run it.
_PARTICIPANTS = sa.select(_U.c.id, _U.c.active).where(
    id_in(_U.c.id), no_index(_U.c.account_id) == sa.bindparam("account")
)


def insert_user(
    uow: UnitOfWork,
    user_id: UUID,
    address: Address,
    name: str,
    *,
    role_ids: Collection[UUID],
    time_zone: str = "UTC",
    locale: str = "en",
    service: bool = False,
) -> None:
    """Write a new active user with their roles."""
    uow.connection.execute(
        _U.insert().values(
            id=user_id,
            account_id=uow.account_id,
            email=address.stored,
            email_key=address.key,
            name=name,
            name_key=name_key(name),
            time_zone=time_zone,
            locale=locale,
            active=True,
            service=service,
            created_at=uow.now,
        )
    )
    replace_roles(uow, user_id, role_ids)


def load_user(uow: UnitOfWork, user_id: UUID, field: str = "id") -> Row[Any]:
    """Return the row of a user of the account; refuses NOT_FOUND, for a field of the input."""
    query = sa.select(_U).where(_U.c.id == user_id, _U.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("user", field)
    return row


def load_active_users(
    connection: Connection, address: Address, account_name: str | None
) -> Sequence[Row[Any]]:
    """Return the `id` and `account_id` of active users with a mailbox, in one account or in all.

    Args:
        connection: A connection to the database.
        address: Their address.
        account_name: The name of the account, letter case aside; None: any.
    """
    query: sa.Select[Any] = sa.select(_U.c.account_id, _U.c.id, _U.c.email).where(
        _U.c.email_key.in_(address.keys), _U.c.active
    )
    if account_name is not None:
        query = query.join(t.accounts, t.accounts.c.id == _U.c.account_id)
        query = query.where(t.accounts.c.name_key == lookup_key(account_name))
    rows = connection.execute(query).all()
    return [row for row in rows if share_mailbox(row.email, address.stored)]


def load_participants(uow: UnitOfWork, user_ids: Collection[UUID]) -> dict[UUID, bool]:
    """Return whether each is active, of those ids that are users' of the account."""
    if not user_ids:
        return {}
    parameters = {"ids": sorted(user_ids), "account": uow.account_id}
    rows = uow.connection.execute(_PARTICIPANTS, parameters).all()
    return {row.id: row.active for row in rows}


def was_deactivated_since(uow: UnitOfWork, user_id: UUID, instant: datetime) -> bool:
    """Return whether a user was deactivated at an instant or after it, though active again now."""
    query = sa.select(_U.c.id).where(_U.c.id == user_id, _U.c.deactivated_at >= instant)
    return uow.connection.execute(query).one_or_none() is not None


def update_user(uow: UnitOfWork, user_id: UUID, values: Mapping[str, Any]) -> None:
    """Write these columns of a user; none of them changes nothing."""
    if "name" in values:
        values = {**values, "name_key": name_key(values["name"])}
    if values:
        uow.connection.execute(_U.update().where(_U.c.id == user_id).values(**values))


def replace_roles(uow: UnitOfWork, user_id: UUID, role_ids: Collection[UUID]) -> None:
    """Make these the roles of a user."""
    replace_links(uow.connection, t.user_roles, ("user_id", user_id), "role_id", role_ids)


def address_is_taken(uow: UnitOfWork, address: Address, *, except_id: UUID | None = None) -> bool:
    """Return whether a user of the account, other than the one excepted, has this address."""
    query = sa.select(_U.c.id).where(
        _U.c.account_id == uow.account_id, _U.c.email_key.in_(address.keys)
    )
    if except_id is not None:
        query = query.where(_U.c.id != except_id)
    return uow.connection.execute(query.limit(1)).first() is not None


def has_user_manager(uow: UnitOfWork) -> bool:
    """Return whether an active person of the account can manage users."""
    query = loading.permitted_users(Permission.MANAGE_USERS)
    query = query.where(_U.c.account_id == uow.account_id, ~_U.c.service)
    return uow.connection.execute(query.limit(1)).first() is not None


def has_appointer(uow: UnitOfWork) -> bool:
    """Return whether an active person of the account can give every permission (see `grants`)."""
    query = loading.users_with_all(ADMINISTRATION)
    query = query.where(_U.c.account_id == uow.account_id, ~_U.c.service)
    return uow.connection.execute(query.limit(1)).first() is not None


def unknown_ids(uow: UnitOfWork, ids: Collection[UUID]) -> set[UUID]:
    """Return those ids that are of no user of the account."""
    return link_tables.unknown_ids(uow.connection, uow.account_id, _U, ids)
