"""Deliveries and webhooks, read: each outcome, for whoever may see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.queries.pages import Order, Page, Window, encode, fetch, stamp_of
from engine.queries.reading import Reading
from notifications.tables import deliveries

d = deliveries
_NEWEST = Order("deliveries", (d.c.id,), descending=True)


def deliveries_of(
    reading: Reading, release_ids: Collection[UUID], window: Window
) -> dict[UUID, Page[Row[Any]]]:
    """The newest deliveries about each release, in one statement where it is the first page.

    That the viewer may see the releases is for the caller to have made sure of.
    """
    own = sa.select(d).where(d.c.account_id == reading.account_id, d.c.webhook_id.is_(None))
    if len(release_ids) == 1 or window.after or window.before:
        return {
            id_: fetch(reading.connection, own.where(d.c.release_id == id_), _NEWEST, window, id_)
            for id_ in release_ids
        }
    window.check()
    rank = sa.func.row_number().over(partition_by=d.c.release_id, order_by=d.c.id.desc())
    wanted = own.where(d.c.release_id.in_(sorted(release_ids)))
    ranked = wanted.add_columns(rank.label("place")).subquery()
    query = sa.select(ranked).where(ranked.c.place <= window.size + 1).order_by(ranked.c.place)
    rows: dict[UUID, list[Row[Any]]] = {id_: [] for id_ in release_ids}
    for row in reading.connection.execute(query):
        rows[row.release_id].append(row)
    return {id_: _page(found, window, id_) for id_, found in rows.items()}


def deliveries_by_ids(reading: Reading, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Deliveries to people of the account, by id."""
    query = sa.select(d).where(d.c.id.in_(sorted(ids)), d.c.account_id == reading.account_id)
    query = query.where(d.c.webhook_id.is_(None))
    return {row.id: row for row in reading.connection.execute(query)}


def _page(rows: list[Row[Any]], window: Window, release_id: UUID) -> Page[Row[Any]]:
    kept = rows[: window.size]
    stamp = stamp_of(_NEWEST, release_id)
    cursors = [encode(stamp, [row.id]) for row in kept]
    return Page(kept, cursors, has_next=len(rows) > window.size, has_previous=False)
