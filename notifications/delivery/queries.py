"""Deliveries to people, read: each outcome, for whoever may see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from engine.persistence.db.pagination import Page, PageArgs
from engine.persistence.db.sql import id_in
from engine.queries import history
from engine.queries.context import QueryContext
from notifications.tables import deliveries

d = deliveries


def deliveries_of(
    reading: QueryContext, release_ids: Collection[UUID], window: PageArgs
) -> dict[UUID, Page[Row[Any]]]:
    """The newest deliveries about each release, in one statement for all of them.

    That the viewer may see the releases is for the caller to have made sure of.
    """
    to_people: list[ColumnElement[bool]] = [d.c.webhook_id.is_(None)]
    return history.latest(reading, d, (d.c.id,), d.c.release_id, release_ids, window, to_people)


def deliveries_by_ids(reading: QueryContext, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Deliveries to people of the account, by id."""
    query = sa.select(d).where(id_in(d.c.id), d.c.account_id == reading.account_id)
    rows = reading.connection.execute(query.where(d.c.webhook_id.is_(None)), {"ids": sorted(ids)})
    return {row.id: row for row in rows.all()}


def delivery_counts(reading: QueryContext, release_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many deliveries to people are about each release."""
    to_people: list[ColumnElement[bool]] = [d.c.webhook_id.is_(None)]
    return history.counts(reading, d, d.c.release_id, release_ids, to_people)
