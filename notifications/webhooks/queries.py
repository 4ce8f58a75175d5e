"""Webhooks and what was sent to them, for whoever manages the account."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.model.grants import missing_permission
from engine.model.vocabulary import Permission
from engine.persistence.db.pagination import Order, Page, PageArgs, fetch, fetch_for_owners
from engine.persistence.db.sql import id_in
from engine.queries import history
from engine.queries.context import QueryContext
from notifications.tables import deliveries, webhooks

w, d = webhooks, deliveries


def page(context: QueryContext, page_args: PageArgs, *, descending: bool = False) -> Page[Row[Any]]:
    """Return a page of the account's webhooks, oldest first unless said otherwise.

    It needs `MANAGE_ACCOUNT`.
    """
    refusal = missing_permission(context.actor, Permission.MANAGE_ACCOUNT)
    if refusal is not None:
        raise refusal
    own = sa.select(w).where(w.c.account_id == context.account_id)
    return fetch(context.connection, own, Order("webhooks", (w.c.id,), descending), page_args)


def count(context: QueryContext) -> int:
    """Return how many webhooks there are; the caller has checked the permission with `page`."""
    query = sa.select(sa.func.count()).where(w.c.account_id == context.account_id)
    return int(context.connection.execute(query).scalar_one())


def by_ids(context: QueryContext, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Return webhooks of the account by id; none without `MANAGE_ACCOUNT`."""
    query = sa.select(w).where(id_in(w.c.id), w.c.account_id == context.account_id)
    return _rows_by_id(context, query, ids)


def deliveries_by_ids(context: QueryContext, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Return deliveries to webhooks by id; none without `MANAGE_ACCOUNT`."""
    query = sa.select(d).where(id_in(d.c.id), d.c.account_id == context.account_id)
    return _rows_by_id(context, query.where(d.c.webhook_id.is_not(None)), ids)


def deliveries_of(
    context: QueryContext,
    webhook_ids: Collection[UUID],
    page_args: PageArgs,
    *,
    descending: bool = True,
) -> dict[UUID, Page[Row[Any]]]:
    """Return a page of the deliveries to each webhook, in one statement for all."""
    query = sa.select(d).where(d.c.account_id == context.account_id)
    order = Order("DELIVERIES", (d.c.id,), descending)
    return fetch_for_owners(
        context.connection, query, d.c.webhook_id, webhook_ids, order, page_args
    )


def deliveries_count(context: QueryContext, webhook_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many deliveries there are to each webhook."""
    return history.counts(context, d, d.c.webhook_id, webhook_ids, [])


def _rows_by_id(
    context: QueryContext, query: sa.Select[Any], ids: Collection[UUID]
) -> dict[UUID, Row[Any]]:
    if not _may_manage(context):
        return {}
    return {row.id: row for row in context.connection.execute(query, {"ids": sorted(ids)}).all()}


def _may_manage(context: QueryContext) -> bool:
    return Permission.MANAGE_ACCOUNT in context.actor.permissions
