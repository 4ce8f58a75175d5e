"""Pages of the ledger, and pages of what belongs to several owners at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from engine.model.grants import missing_permission
from engine.model.text import lookup_key
from engine.model.vocabulary import Permission
from engine.persistence.db.pagination import (
    Order,
    Page,
    PageArgs,
    fetch,
    fetch_for_owners,
    scope_of,
)
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext

e = t.ledger_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilter:
    """Conditions that all hold; None leaves one out."""

    #: As somebody has typed them.
    tags: tuple[str, ...] | None = None
    #: Tags of events that this version knows.
    events: tuple[str, ...] | None = None
    actor_id: UUID | None = None
    subject_id: UUID | None = None
    release_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def require_ledger(context: QueryContext) -> None:
    """Refuse viewers who may not read the whole ledger of their account.

    Raises:
        Refusal: FORBIDDEN, without `VIEW_LEDGER` or with a token that lacks this scope.
    """
    refusal = missing_permission(context.actor, Permission.VIEW_LEDGER)
    if refusal is not None:
        raise refusal


def ledger(
    context: QueryContext, filter_: LedgerFilter, page_args: PageArgs, *, descending: bool = True
) -> Page[Row[Any]]:
    """A page of the account's ledger; needs `VIEW_LEDGER`."""
    require_ledger(context)
    query = sa.select(e).where(e.c.account_id == context.account_id, *_conditions(filter_))
    order = Order("POSITION", (e.c.position,), descending)
    return fetch(context.connection, query, order, page_args, scope_of(filter_))


def ledger_count(context: QueryContext, filter_: LedgerFilter) -> int:
    """How many entries the filter finds, for viewers who may call `ledger`."""
    query = sa.select(sa.func.count()).where(
        e.c.account_id == context.account_id, *_conditions(filter_)
    )
    return int(context.connection.execute(query).scalar_one())


def of_releases(
    context: QueryContext,
    release_ids: Collection[UUID],
    page_args: PageArgs,
    *,
    descending: bool = True,
) -> dict[UUID, Page[Row[Any]]]:
    """A page of the entries about each release, in one statement for all of them."""
    query = sa.select(e).where(e.c.account_id == context.account_id)
    order = Order("POSITION", (e.c.position,), descending)
    return fetch_for_owners(
        context.connection, query, e.c.release_id, release_ids, order, page_args
    )


def entry_counts(reading: QueryContext, release_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many entries of the ledger are about each release."""
    return counts(reading, e, e.c.release_id, release_ids, [])


def counts(
    reading: QueryContext,
    table: sa.Table,
    by: ColumnElement[Any],
    ids: Collection[UUID],
    conditions: list[ColumnElement[bool]],
) -> dict[UUID, int]:
    """Return how many rows each owner has, in one statement for all of them."""
    query = (
        sa.select(by, sa.func.count())
        .where(table.c.account_id == reading.account_id, id_in(by), *conditions)
        .group_by(by)
    )
    rows = reading.connection.execute(query, {"ids": sorted(ids)}).all()
    by_owner = {row[0]: row[1] for row in rows}
    return {id_: by_owner.get(id_, 0) for id_ in ids}


def _conditions(filter_: LedgerFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filter_.tags is not None:
        conditions.append(e.c.tag.in_([lookup_key(tag) for tag in filter_.tags]))
    if filter_.events is not None:
        conditions.append(e.c.tag.in_(filter_.events))
    for name in ("actor_id", "subject_id", "release_id"):
        value = getattr(filter_, name)
        if value is not None:
            conditions.append(e.c[name] == value)
    if filter_.since is not None:
        conditions.append(e.c.recorded_at >= filter_.since)
    if filter_.until is not None:
        conditions.append(e.c.recorded_at < filter_.until)
    return conditions


def entries_at(context: QueryContext, positions: Collection[int]) -> list[Row[Any]]:
    """Entries of the account by position; none without `VIEW_LEDGER`."""
    if Permission.VIEW_LEDGER not in context.actor.permissions:
        return []
    # A position that no entry can have would not fit the column either.
    possible = sorted(position for position in positions if 0 < position < 2**63)
    query = sa.select(e).where(e.c.account_id == context.account_id, e.c.position.in_(possible))
    return list(context.connection.execute(query))
