"""Rows of users: what the commands on users read and write."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.model.addresses import Address
from engine.model.errors import not_found
from engine.model.grants import ADMINISTRATION
from engine.model.vocabulary import Permission
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.link_tables import replace_links
from engine.persistence.store.unit_of_work import UnitOfWork

_U, _T, _S = t.users, t.api_tokens, t.sessions


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
            time_zone=time_zone,
            locale=locale,
            active=True,
            service=service,
            created_at=uow.now,
        )
    )
    replace_roles(uow, user_id, role_ids)


def load_user(uow: UnitOfWork, user_id: UUID) -> Row[Any]:
    """Return the row of a user of the account; refuses NOT_FOUND."""
    query = sa.select(_U).where(_U.c.id == user_id, _U.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("user", "id")
    return row


def update_user(uow: UnitOfWork, user_id: UUID, values: Mapping[str, Any]) -> None:
    """Write these columns of a user; none of them changes nothing."""
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


def live_token_ids(uow: UnitOfWork, user_id: UUID) -> list[UUID]:
    """Return the ids of a user's tokens that are not revoked."""
    query = sa.select(_T.c.id).where(_T.c.user_id == user_id, _T.c.revoked_at.is_(None))
    return list(uow.connection.scalars(query))


def end_sessions(uow: UnitOfWork, user_id: UUID) -> None:
    """End every browser session of a user."""
    live = _S.c.user_id == user_id, _S.c.ended_at.is_(None)
    uow.connection.execute(_S.update().where(*live).values(ended_at=uow.now))


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
