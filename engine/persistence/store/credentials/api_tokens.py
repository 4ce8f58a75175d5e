"""Rows of API tokens: what the commands on tokens read and write."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model.errors import not_found
from engine.model.origins import PipelineCredential
from engine.model.vocabulary import Permission
from engine.persistence.db.canonical_json import canonical
from engine.persistence.store import tables as t
from engine.persistence.store.unit_of_work import UnitOfWork

_T = t.api_tokens


def insert_token(
    uow: UnitOfWork,
    token_id: UUID,
    user_id: UUID,
    *,
    name: str,
    secret_hash: bytes,
    scopes: frozenset[Permission] | None,
    parent_id: UUID | None,
    expires_at: datetime | None,
    pipeline: PipelineCredential | None = None,
) -> None:
    """Write a new token of a user, or of a pipeline that acts as one."""
    uow.connection.execute(
        _T.insert().values(
            id=token_id,
            account_id=uow.account_id,
            user_id=user_id,
            name=name,
            secret_hash=secret_hash,
            scopes=" ".join(sorted(scopes)) if scopes is not None else None,
            parent_id=parent_id,
            created_at=uow.now,
            expires_at=expires_at,
            rule_id=pipeline.rule_id if pipeline is not None else None,
            pipeline=canonical(pipeline.to_json()) if pipeline is not None else None,
        )
    )


def load_token(uow: UnitOfWork, token_id: UUID) -> Row[Any]:
    """Return the row of a token of the account; refuses NOT_FOUND."""
    query = sa.select(_T).where(_T.c.id == token_id, _T.c.account_id == uow.account_id)
    row = uow.connection.execute(query).one_or_none()
    if row is None:
        raise not_found("token", "id")
    return row


def lock_live_token(uow: UnitOfWork, token_id: UUID) -> bool:
    """Return whether a token is neither revoked nor expired, and keep others from revoking it."""
    is_live = _T.c.revoked_at.is_(None), _is_unexpired(uow)
    query = sa.select(_T.c.id).where(_T.c.id == token_id, *is_live).with_for_update(read=True)
    return uow.connection.execute(query).one_or_none() is not None


def load_revoked_ids(connection: Connection, ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of these tokens that were revoked."""
    query = sa.select(_T.c.id).where(_T.c.id.in_(sorted(ids)), _T.c.revoked_at.is_not(None))
    return frozenset(connection.scalars(query)) if ids else frozenset()


def unrevoked_token_ids(uow: UnitOfWork, user_id: UUID) -> list[UUID]:
    """Return the ids of a user's tokens that are not revoked."""
    query = sa.select(_T.c.id).where(_T.c.user_id == user_id, _T.c.revoked_at.is_(None))
    return list(uow.connection.scalars(query))


def revoke_with_descendants(uow: UnitOfWork, ids: Collection[UUID]) -> Sequence[Row[Any]]:
    """Revoke these tokens, and all live ones that were made with them, directly or not.

    Returns:
        The `id`, `name`, `user_id` and `parent_id` of each token that was revoked, by id.
    """
    tree = sa.select(_T.c.id).where(_T.c.id.in_(sorted(ids))).cte("tree", recursive=True)
    tree = tree.union(sa.select(_T.c.id).join(tree, _T.c.parent_id == tree.c.id))
    is_concerned = sa.or_(_T.c.id.in_(sorted(ids)), _is_unexpired(uow))
    ending = _T.c.id.in_(sa.select(tree.c.id)), _T.c.revoked_at.is_(None), is_concerned
    update = _T.update().where(*ending).values(revoked_at=uow.now)
    returned = update.returning(_T.c.id, _T.c.name, _T.c.user_id, _T.c.parent_id)
    return sorted(uow.connection.execute(returned).all(), key=lambda row: row.id)


def _is_unexpired(uow: UnitOfWork) -> sa.ColumnElement[bool]:
    return sa.or_(_T.c.expires_at.is_(None), _T.c.expires_at > uow.now)
