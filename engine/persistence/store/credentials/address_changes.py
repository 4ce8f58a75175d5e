"""Rows of changes of an address: what the commands on them read and write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Row

from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_C = t.address_changes


def insert_change(
    uow: UnitOfWork,
    change_id: UUID,
    user_id: UUID,
    *,
    address: str,
    nonce: bytes,
    token_hash: bytes,
    expires_at: datetime,
) -> None:
    """Write a change that the actor asks for, of the address of a user."""
    uow.connection.execute(
        _C.insert().values(
            id=change_id,
            account_id=uow.account_id,
            user_id=user_id,
            requested_by=uow.actor.user_id,
            address=address,
            nonce=nonce,
            token_hash=token_hash,
            created_at=uow.now,
            expires_at=expires_at,
        )
    )


def load_change(connection: Connection, change_id: UUID) -> Row[Any] | None:
    """Return a change with its user's `name`, whether they are `active`, and the `account`'s name.

    None where there is no such change.
    """
    query = (
        sa.select(_C, t.users.c.name, t.users.c.active, t.accounts.c.name.label("account"))
        .join(t.users, t.users.c.id == _C.c.user_id)
        .join(t.accounts, t.accounts.c.id == _C.c.account_id)
        .where(_C.c.id == change_id)
    )
    return connection.execute(query).one_or_none()


def load_pending_change(uow: UnitOfWork, user_id: UUID) -> Row[Any] | None:
    """Return the `id` and `address` of the change that waits to be confirmed by a user, if any."""
    is_pending = *_is_unused(user_id), _C.c.expires_at > uow.now
    query: sa.Select[Any] = sa.select(_C.c.id, _C.c.address).where(*is_pending)
    return uow.connection.execute(query).one_or_none()


def mark_used(uow: UnitOfWork, change_id: UUID) -> None:
    """Write down that a change was confirmed."""
    uow.connection.execute(_C.update().where(_C.c.id == change_id).values(used_at=uow.now))


def void_changes(connection: Connection, user_id: UUID, now: datetime) -> None:
    """End the links of a user's changes that were not confirmed."""
    connection.execute(_C.update().where(*_is_unused(user_id)).values(voided_at=now))


def load_latest_requests_for(
    uow: UnitOfWork, user_id: UUID, since: datetime, limit: int
) -> Sequence[datetime]:
    """Return when the latest changes of a user's address were asked for, the last one first."""
    return _load_latest_requests(uow, _C.c.user_id, user_id, since, limit)


def load_latest_requests_by(
    uow: UnitOfWork, user_id: UUID | None, since: datetime, limit: int
) -> Sequence[datetime]:
    """Return when a user last asked for changes of anybody's address, the last one first."""
    return _load_latest_requests(uow, _C.c.requested_by, user_id, since, limit)


def has_changes_before(connection: Connection, end: datetime) -> bool:
    """Return whether a change was asked for before an instant."""
    query = sa.select(_C.c.id).where(_is_before(end)).limit(1)
    return connection.execute(query).first() is not None


def delete_changes_before(connection: Connection, end: datetime) -> None:
    """Delete the changes that were asked for before an instant; the ledger keeps them."""
    connection.execute(_C.delete().where(_is_before(end)))


def _load_latest_requests(
    uow: UnitOfWork, column: Column[UUID], user_id: UUID | None, since: datetime, limit: int
) -> Sequence[datetime]:
    query = sa.select(_C.c.created_at).where(column == user_id, _C.c.created_at > since)
    query = query.order_by(_C.c.created_at.desc()).limit(limit)
    return uow.connection.execute(query).scalars().all()


def _is_unused(user_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return _C.c.user_id == user_id, _C.c.used_at.is_(None), _C.c.voided_at.is_(None)


def _is_before(end: datetime) -> sa.ColumnElement[bool]:
    """Ids begin with the time, so no index of its own is needed to find the old ones."""
    oldest = UUID(int=int(end.timestamp() * 1000) << 80)
    return sa.and_(_C.c.id < oldest, _C.c.created_at < end)
