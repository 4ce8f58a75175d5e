"""Revoke API tokens, and with them all tokens that were made with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.model.errors import not_found
from engine.model.events import TokenEnded
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RevokedTokens:
    """The outcome of revoking one token."""

    token_id: UUID
    #: All that ended with it, itself first.
    ended_ids: tuple[UUID, ...]


def token_row(uow: UnitOfWork, token_id: UUID) -> Row[Any]:
    """Return the row of a token of the account; refuses NOT_FOUND."""
    k = t.api_tokens
    query = sa.select(k).where(k.c.id == token_id, k.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("token", "id")
    return row


def end_tokens(uow: UnitOfWork, ids: Collection[UUID], reason: str) -> Sequence[Row[Any]]:
    """Revoke these tokens and all live ones made with them, directly or not; returns what ended.

    The account's people are held meanwhile, so that none of them makes another one. Each that was
    not named itself gets a ledger entry with the reason.
    """
    k = t.api_tokens
    tree = sa.select(k.c.id).where(k.c.id.in_(sorted(ids))).cte("tree", recursive=True)
    tree = tree.union(sa.select(k.c.id).join(tree, k.c.parent_id == tree.c.id))
    live = sa.or_(k.c.expires_at.is_(None), k.c.expires_at > uow.now)
    named = k.c.id.in_(sorted(ids))
    ending = k.c.id.in_(sa.select(tree.c.id)), k.c.revoked_at.is_(None), sa.or_(named, live)
    update = k.update().where(*ending).values(revoked_at=uow.now)
    ended = uow.connection.execute(update.returning(k.c.id, k.c.name, k.c.user_id, k.c.parent_id))
    rows = sorted(ended.all(), key=lambda row: row.id)
    for row in rows:
        if row.id not in ids:
            uow.record(
                TokenEnded(subject_id=row.id, reason=reason, name=row.name, parent_id=row.parent_id)
            )
    return rows
