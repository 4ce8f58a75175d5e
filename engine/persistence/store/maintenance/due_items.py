"""What time has made due: releases to advance, and what was begun with a key and not ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Select

from engine.persistence.store import tables as t

#: Pairs of an account and a release of it; None: what belongs to no release.
DueItems = list[tuple[UUID, UUID | None]]

# Statements of the hot path are built once: to build one costs more than to run it.
_R, _S, _U = t.releases, t.signatures, t.certifications
_NOW: sa.BindParameter[datetime] = sa.bindparam("now")
_LIMIT: sa.BindParameter[int] = sa.bindparam("limit")
#: Either half has an index of its own.
DUE_RELEASES = (
    sa.select(_R.c.account_id, _R.c.id)
    .where(
        sa.or_(
            sa.and_(t.IS_DUE_TO_OPEN, _R.c.starts_at <= _NOW),
            sa.and_(t.IS_DUE_TO_END, _R.c.ends_at <= _NOW),
        )
    )
    .order_by(sa.case((t.IS_DUE_TO_OPEN, _R.c.starts_at), else_=_R.c.ends_at))
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_OVERDUE_RESERVATIONS = (
    sa.select(_S.c.account_id, _S.c.release_id)
    .where(t.IS_RESERVED, _S.c.lapses_at <= _NOW)
    .order_by(_S.c.lapses_at)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_OVERDUE_CERTIFICATIONS = (
    sa.select(_U.c.account_id)
    .where(_U.c.lapses_at <= _NOW)
    .order_by(_U.c.lapses_at)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)


def find_due_releases(
    connection: Connection, now: datetime, limit: int, excluded: Collection[UUID]
) -> DueItems:
    """Return releases that a transition is due on, those that have waited longest first.

    Args:
        connection: The transaction; what another one has locked is left out.
        now: The present instant.
        limit: How many at most.
        excluded: Accounts to leave out.
    """
    rows = _find(connection, DUE_RELEASES, _R.c.account_id, now, limit, excluded)
    return [(row.account_id, row.id) for row in rows]


def find_overdue_reservations(
    connection: Connection, now: datetime, limit: int, excluded: Collection[UUID]
) -> DueItems:
    """Return the releases of reservations that have lapsed, with the arguments of the above."""
    rows = _find(connection, _OVERDUE_RESERVATIONS, _S.c.account_id, now, limit, excluded)
    return [(row.account_id, row.release_id) for row in rows]


def find_overdue_certifications(
    connection: Connection, now: datetime, limit: int, excluded: Collection[UUID]
) -> DueItems:
    """Return the accounts of uses of keys that have lapsed, with the arguments of the above."""
    rows = _find(connection, _OVERDUE_CERTIFICATIONS, _U.c.account_id, now, limit, excluded)
    return [(row.account_id, None) for row in rows]


def _find(
    connection: Connection,
    query: Select[Any],
    account_id: sa.Column[UUID],
    now: datetime,
    limit: int,
    excluded: Collection[UUID],
) -> Sequence[Row[Any]]:
    if excluded:
        query = query.where(account_id.not_in(excluded))
    return connection.execute(query, {"now": now, "limit": limit}).all()
