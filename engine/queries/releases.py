"""Releases as of now: by id, by name, filtered lists, and what waits for somebody's decision."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from engine.lifecycle.schedule import as_of
from engine.model.facts import Facts, Release
from engine.model.text import lookup_key
from engine.model.visibility import sees
from engine.persistence.db.pagination import Order, Page, PageArgs, fetch, scope_of
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.release_facts import assemble, with_creation_facts
from engine.persistence.store.reservation_expiry import exclude_overdue
from engine.queries.context import QueryContext
from engine.queries.release_filter import ReleaseFilter, awaits_viewer, conditions
from engine.queries.visibility import is_visible, visibility_conditions

r = t.releases

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "STARTS_AT": (r.c.starts_at, r.c.id),
    "ENDS_AT": (r.c.ends_at, r.c.id),
    "CREATED_AT": (r.c.created_at, r.c.id),
    "NAME": (r.c.name_key, r.c.id),
}


def by_ids(context: QueryContext, ids: Collection[UUID]) -> dict[UUID, Release]:
    """Those of the releases that the viewer may see, as of now."""
    return {
        id_: release
        for id_, release in load(context, ids).items()
        if release.account_id == context.account_id
        and sees(context.settings, context.actor, release)
    }


def load(context: QueryContext, ids: Collection[UUID]) -> dict[UUID, Release]:
    """Releases as of now, also those that the viewer does not see."""
    stored = loading.load_releases(context.connection, ids)
    current = [as_of(release, context.now) for release in stored.values()]
    releases = exclude_overdue(context.connection, current, context.now)
    return {release.id: release for release in releases}


def by_name(context: QueryContext, name: str) -> Release | None:
    """The release that holds the name; else the latest that had it and gave it back."""
    query = (
        sa.select(r.c.id)
        .where(r.c.name_key == lookup_key(name), is_visible(context))
        .order_by(r.c.name_held.desc(), r.c.id.desc())
        .limit(1)
    )
    id_ = context.connection.execute(query).scalar_one_or_none()
    return load(context, [id_])[id_] if id_ is not None else None


def find(
    context: QueryContext,
    filter_: ReleaseFilter,
    order: str,
    page_args: PageArgs,
    *,
    descending: bool = False,
) -> Page[Release]:
    """A page of the visible releases."""
    query = sa.select(r.c.id).where(*conditions(context, filter_))
    sorted_by, scope, visible = (
        Order(order, ORDERS[order], descending),
        scope_of(filter_),
        visibility_conditions(context),
    )
    page = fetch(context.connection, query, sorted_by, page_args, scope, any_of=visible)
    return _page(context, page)


def count(context: QueryContext, filter_: ReleaseFilter) -> int:
    """How many releases the filter finds; a statement of its own, run only if it is selected."""
    query = sa.select(sa.func.count()).select_from(r)
    query = query.where(is_visible(context), *conditions(context, filter_))
    return int(context.connection.execute(query).scalar_one())


def inbox(
    context: QueryContext, order: str, page_args: PageArgs, *, descending: bool = False
) -> Page[Release]:
    """A page of the pending releases that wait for the viewer's decision."""
    query = sa.select(r.c.id).where(*awaits_viewer(context))
    sorted_by = Order(order, ORDERS[order], descending)
    return _page(context, fetch(context.connection, query, sorted_by, page_args, "INBOX"))


def inbox_count(context: QueryContext) -> int:
    """How many releases wait for the viewer's decision."""
    query = sa.select(sa.func.count()).select_from(r).where(*awaits_viewer(context))
    return int(context.connection.execute(query).scalar_one())


def inbox_ids(context: QueryContext) -> Sequence[UUID]:
    """The ids of all releases that wait for the viewer's decision."""
    query = sa.select(r.c.id).where(*awaits_viewer(context))
    return context.connection.execute(query).scalars().all()


def facts_of(context: QueryContext, releases: Collection[Release]) -> dict[UUID, Facts]:
    """The facts of each release for the guards, with the viewer as the actor."""
    return assemble(context.connection, context.now, context.settings, context.actor, releases)


def facts_of_approval(context: QueryContext, releases: Collection[Release]) -> dict[UUID, Facts]:
    """The same with the facts for the rules of creation, which an approval checks again."""
    facts = facts_of(context, releases)
    return with_creation_facts(context.connection, context.account_id, facts)


def _page(context: QueryContext, page: Page[Any]) -> Page[Release]:
    ids = [row.id for row in page.items]
    releases = load(context, ids)
    items = [releases[id_] for id_ in ids]
    return Page(items, page.cursors, page.has_next, page.has_previous)
