"""Rows of sessions: what the commands on sessions read and write."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model.errors import not_found
from engine.model.vocabulary import SignInMethod
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_S = t.sessions


def insert_session(
    uow: UnitOfWork,
    session_id: UUID,
    user_id: UUID,
    *,
    secret_hash: bytes,
    method: SignInMethod,
    user_agent: str,
    device_name: str | None,
    expires_at: datetime,
) -> None:
    """Write a new session of a user."""
    uow.connection.execute(
        _S.insert().values(
            id=session_id,
            account_id=uow.account_id,
            user_id=user_id,
            secret_hash=secret_hash,
            method=method,
            user_agent=user_agent,
            device_name=device_name,
            created_at=uow.now,
            last_seen_at=uow.now,
            expires_at=expires_at,
        )
    )


def load_session(uow: UnitOfWork, session_id: UUID) -> Row[Any]:
    """Return the row of a session of the account; refuses NOT_FOUND."""
    query = sa.select(_S).where(_S.c.id == session_id, _S.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("session", "id")
    return row


def lock_live_session(uow: UnitOfWork, session_id: UUID) -> bool:
    """Return whether a session is neither ended nor expired, and keep others from ending it."""
    is_live = _S.c.ended_at.is_(None), _S.c.expires_at > uow.now
    query = sa.select(_S.c.id).where(_S.c.id == session_id, *is_live).with_for_update(read=True)
    return uow.connection.execute(query).one_or_none() is not None


def load_ended_ids(connection: Connection, ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of these sessions that were ended."""
    query = sa.select(_S.c.id).where(_S.c.id.in_(sorted(ids)), _S.c.ended_at.is_not(None))
    return frozenset(connection.scalars(query)) if ids else frozenset()


def end_session(uow: UnitOfWork, session_id: UUID) -> bool:
    """End a session; return whether it was not ended before."""
    live = _S.c.id == session_id, _S.c.ended_at.is_(None)
    return bool(uow.connection.execute(_end(uow).where(*live)).rowcount)


def end_sessions(uow: UnitOfWork, user_id: UUID) -> None:
    """End every session of a user."""
    live = _S.c.user_id == user_id, _S.c.ended_at.is_(None)
    uow.connection.execute(_end(uow).where(*live))


def _end(uow: UnitOfWork) -> sa.Update:
    return _S.update().values(ended_at=uow.now)
