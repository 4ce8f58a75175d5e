"""Rows of pipelines' own tokens that were used, and what is deleted once it has expired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row
from sqlalchemy.dialects import postgresql, sqlite

from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_U, _T = t.used_pipeline_tokens, t.api_tokens


def mark_used(uow: UnitOfWork, token_hash: bytes, expires_at: datetime) -> bool:
    """Note that a pipeline's own token is used; returns whether this is its first use.

    Of two uses at the same instant, in whichever processes, the primary key lets one pass: the
    other waits for it, and inserts nothing.
    """
    dialect = sqlite if uow.connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(_U).values(
        token_hash=token_hash, account_id=uow.account_id, expires_at=expires_at
    )
    inserted = statement.on_conflict_do_nothing().returning(_U.c.token_hash)
    return uow.connection.execute(inserted).first() is not None


def revoke_tokens_of_rule(uow: UnitOfWork, rule_id: UUID) -> Sequence[Row[Any]]:
    """Revoke the live tokens of a rule; returns the `id` and `name` of each, by id."""
    live = _T.c.rule_id == rule_id, _T.c.revoked_at.is_(None), _T.c.expires_at > uow.now
    update = _T.update().where(*live).values(revoked_at=uow.now)
    returned = update.returning(_T.c.id, _T.c.name)
    return sorted(uow.connection.execute(returned).all(), key=lambda row: row.id)


def delete_expired(connection: Connection, now: datetime, kept_since: datetime, limit: int) -> int:
    """Delete what can make no difference any more; returns how many rows.

    Args:
        connection: A writing connection.
        now: Uses of tokens that have expired by now are deleted.
        kept_since: Tokens of pipelines that expired before this instant are deleted.
        limit: The most rows of each kind.
    """
    uses = sa.select(_U.c.token_hash).where(_U.c.expires_at <= now)
    old = sa.select(_T.c.id).where(_T.c.rule_id.is_not(None), _T.c.expires_at <= kept_since)
    hashes = connection.scalars(uses.order_by(_U.c.expires_at).limit(limit)).all()
    ids = connection.scalars(old.order_by(_T.c.id).limit(limit)).all()
    if hashes:
        connection.execute(_U.delete().where(_U.c.token_hash.in_(hashes)))
    if ids:
        connection.execute(_T.delete().where(_T.c.id.in_(ids)))
    return len(hashes) + len(ids)
