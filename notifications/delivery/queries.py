"""Deliveries to people, read: each outcome, for whoever may see it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from engine.model.facts import Release
from engine.persistence.db.pagination import Order, Page, PageArgs, fetch_for_owners
from engine.persistence.db.sql import id_in
from engine.queries import history
from engine.queries.context import QueryContext
from notifications.delivery.relevance import ReleaseState, SentMessage, contradiction
from notifications.tables import action_links as links
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState

d = deliveries


def deliveries_of(
    reading: QueryContext,
    release_ids: Collection[UUID],
    page_args: PageArgs,
    *,
    descending: bool = True,
) -> dict[UUID, Page[Row[Any]]]:
    """A page of the deliveries about each release, in one statement for all of them.

    That the viewer may see the releases is for the caller to have made sure of.
    """
    of_account = d.c.account_id == reading.account_id
    query = sa.select(d).where(of_account, d.c.webhook_id.is_(None))
    order = Order("DELIVERIES", (d.c.id,), descending)
    return fetch_for_owners(
        reading.connection, query, d.c.release_id, release_ids, order, page_args
    )


def deliveries_by_ids(reading: QueryContext, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Deliveries to people of the account, by id."""
    query = sa.select(d).where(id_in(d.c.id), d.c.account_id == reading.account_id)
    rows = reading.connection.execute(query.where(d.c.webhook_id.is_(None)), {"ids": sorted(ids)})
    return {row.id: row for row in rows.all()}


def delivery_counts(reading: QueryContext, release_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many deliveries to people are about each release."""
    to_people: list[ColumnElement[bool]] = [d.c.webhook_id.is_(None)]
    return history.counts(reading, d, d.c.release_id, release_ids, to_people)


def undelivered_counts(reading: QueryContext, releases: Collection[Release]) -> dict[UUID, int]:
    """Return how many messages about each release failed and are still worth sending.

    A message is not if a later one of its kind to the same person followed it, such as its copy,
    or if its reader has decided already, which ended its link.
    """
    later = deliveries.alias()
    was_followed = sa.exists().where(
        later.c.release_id == d.c.release_id,
        later.c.user_id == d.c.user_id,
        later.c.kind == d.c.kind,
        later.c.id > d.c.id,
    )
    has_ended_link = sa.exists().where(
        links.c.id == d.c.action_link_id,
        links.c.used_at.is_not(None) | links.c.voided_at.is_not(None),
    )
    of_account = d.c.account_id == reading.account_id
    is_failed = d.c.webhook_id.is_(None), d.c.state == DeliveryState.FAILED
    failed = (*is_failed, ~was_followed, ~has_ended_link)
    query = sa.select(d).where(of_account, id_in(d.c.release_id), *failed)
    states = {each.id: ReleaseState.of(each, each.fields.max_signatures) for each in releases}
    counts = dict.fromkeys(states, 0)
    for row in reading.connection.execute(query, {"ids": sorted(states)}).all():
        is_true = contradiction(SentMessage.of(row), states[row.release_id]) is None
        counts[row.release_id] += is_true
    return counts
