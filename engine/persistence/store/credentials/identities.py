"""Rows of identities at a sign-in service: what the commands on identities read and write."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.model.errors import not_found
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_I = t.identities


def insert_identity(uow: UnitOfWork, user_id: UUID, *, issuer: str, subject: str) -> None:
    """Write a new identity of a user."""
    uow.connection.execute(
        _I.insert().values(
            id=uuid7(),
            account_id=uow.account_id,
            user_id=user_id,
            issuer=issuer,
            subject=subject,
            created_at=uow.now,
        )
    )


def load_identity(uow: UnitOfWork, identity_id: UUID) -> Row[Any]:
    """Return the row of an identity of the account; refuses NOT_FOUND."""
    query = sa.select(_I).where(_I.c.id == identity_id, _I.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("identity", "id")
    return row


def load_owner_ids(uow: UnitOfWork, issuer: str, subject: str) -> frozenset[UUID]:
    """Return the users of the account who are linked to an identity."""
    is_identity = _I.c.issuer == issuer, _I.c.subject == subject
    query = sa.select(_I.c.user_id).where(*is_identity, _I.c.account_id == uow.account_id)
    return frozenset(uow.connection.execute(query).scalars())


def lock_identity(uow: UnitOfWork, identity_id: UUID, user_id: UUID | None) -> bool:
    """Return whether a user is linked to an identity, and keep others from unlinking it."""
    is_own = _I.c.id == identity_id, _I.c.user_id == user_id
    query = sa.select(_I.c.id).where(*is_own).with_for_update(read=True)
    return uow.connection.execute(query).one_or_none() is not None


def delete_identity(uow: UnitOfWork, identity_id: UUID) -> bool:
    """Delete an identity; return whether it was there."""
    return bool(uow.connection.execute(_I.delete().where(_I.c.id == identity_id)).rowcount)
