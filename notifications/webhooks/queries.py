"""Webhooks and what was sent to them, for whoever manages the account."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.model.grants import missing_permission
from engine.model.vocabulary import Permission
from engine.persistence.db.pagination import Order, Page, PageArgs, fetch
from engine.persistence.db.sql import id_in
from engine.queries import history
from engine.queries.context import QueryContext
from notifications.tables import deliveries, webhooks

w, d = webhooks, deliveries
_OLDEST = Order("webhooks", (w.c.id,))


def page(reading: QueryContext, window: PageArgs) -> Page[Row[Any]]:
    """A page of the account's webhooks, oldest first; needs `MANAGE_ACCOUNT`."""
    refusal = missing_permission(reading.actor, Permission.MANAGE_ACCOUNT)
    if refusal is not None:
        raise refusal
    own = sa.select(w).where(w.c.account_id == reading.account_id)
    return fetch(reading.connection, own, _OLDEST, window)


def count(reading: QueryContext) -> int:
    """How many there are; for those whom `page` lets."""
    query = sa.select(sa.func.count()).where(w.c.account_id == reading.account_id)
    return int(reading.connection.execute(query).scalar_one())


def by_ids(reading: QueryContext, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Webhooks of the account by id; none without `MANAGE_ACCOUNT`."""
    query = sa.select(w).where(id_in(w.c.id), w.c.account_id == reading.account_id)
    return _found(reading, query, ids)


def deliveries_by_ids(reading: QueryContext, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """What was sent to webhooks, by id; nothing without `MANAGE_ACCOUNT`."""
    query = sa.select(d).where(id_in(d.c.id), d.c.account_id == reading.account_id)
    return _found(reading, query.where(d.c.webhook_id.is_not(None)), ids)


def deliveries_of(
    reading: QueryContext, webhook_ids: Collection[UUID], window: PageArgs
) -> dict[UUID, Page[Row[Any]]]:
    """The newest deliveries to each webhook, in one statement for all of them."""
    return history.latest(reading, d, (d.c.id,), d.c.webhook_id, webhook_ids, window, [])


def deliveries_count(reading: QueryContext, webhook_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many there are to each webhook."""
    query = (
        sa.select(d.c.webhook_id, sa.func.count())
        .where(d.c.account_id == reading.account_id, id_in(d.c.webhook_id))
        .group_by(d.c.webhook_id)
    )
    rows = reading.connection.execute(query, {"ids": sorted(webhook_ids)}).all()
    found = {row[0]: row[1] for row in rows}
    return {id_: found.get(id_, 0) for id_ in webhook_ids}


def _found(
    reading: QueryContext, query: sa.Select[Any], ids: Collection[UUID]
) -> dict[UUID, Row[Any]]:
    if not _may(reading):
        return {}
    return {row.id: row for row in reading.connection.execute(query, {"ids": sorted(ids)}).all()}


def _may(reading: QueryContext) -> bool:
    return Permission.MANAGE_ACCOUNT in reading.actor.permissions
