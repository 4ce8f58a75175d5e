"""Releases as of now: by id, by name, filtered lists, and what waits for somebody's decision."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from engine.lifecycle.schedule import as_of
from engine.lifecycle.table import TIME_TRIGGERS
from engine.model.facts import Facts, Release
from engine.model.text import lookup_key
from engine.model.visibility import sees
from engine.model.vocabulary import KeypairCategory, Permission, ReleaseType, Status
from engine.persistence.db.pagination import Order, Page, PageArgs, fetch
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.release_facts import assemble, with_creation_facts
from engine.persistence.store.reservation_expiry import exclude_overdue
from engine.queries.context import QueryContext
from engine.queries.visibility import is_visible, visibility_conditions

r = t.releases

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "STARTS_AT": (r.c.starts_at, r.c.id),
    "ENDS_AT": (r.c.ends_at, r.c.id),
    "CREATED_AT": (r.c.created_at, r.c.id),
    "NAME": (r.c.name_key, r.c.id),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFilter:
    """Conditions that all hold; None leaves one out."""

    statuses: tuple[Status, ...] | None = None
    types: tuple[ReleaseType, ...] | None = None
    categories: tuple[KeypairCategory, ...] | None = None
    team_id: UUID | None = None
    keypair_id: UUID | None = None
    requested_by_id: UUID | None = None
    #: The window overlaps [overlaps_from, overlaps_until).
    overlaps_from: datetime | None = None
    overlaps_until: datetime | None = None
    name_contains: str | None = None


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
    query = sa.select(r.c.id).where(*_conditions(context, filter_))
    sorted_by, scope, visible = (
        Order(order, ORDERS[order], descending),
        _scope(filter_),
        visibility_conditions(context),
    )
    page = fetch(context.connection, query, sorted_by, page_args, scope, any_of=visible)
    return _page(context, page)


def count(context: QueryContext, filter_: ReleaseFilter) -> int:
    """How many releases the filter finds; a statement of its own, run only if it is selected."""
    query = sa.select(sa.func.count()).select_from(r)
    query = query.where(is_visible(context), *_conditions(context, filter_))
    return int(context.connection.execute(query).scalar_one())


def inbox(context: QueryContext, page_args: PageArgs) -> Page[Release]:
    """Pending releases that wait for the viewer's decision, the first to start first."""
    query = sa.select(r.c.id).where(*_awaits(context))
    order = Order("INBOX", ORDERS["STARTS_AT"])
    return _page(context, fetch(context.connection, query, order, page_args))


def inbox_count(context: QueryContext) -> int:
    """How many releases wait for the viewer's decision."""
    query = sa.select(sa.func.count()).select_from(r).where(*_awaits(context))
    return int(context.connection.execute(query).scalar_one())


def facts_of(context: QueryContext, releases: Collection[Release]) -> dict[UUID, Facts]:
    """The facts of each release for the guards, with the viewer as the actor."""
    return assemble(context.connection, context.now, context.settings, context.actor, releases)


def facts_of_approval(context: QueryContext, releases: Collection[Release]) -> dict[UUID, Facts]:
    """The same with the facts for the rules of creation, which an approval checks again."""
    facts = facts_of(context, releases)
    return with_creation_facts(context.connection, context.account_id, facts)


def status_now(now: datetime) -> ColumnElement[Any]:
    """The status after the transitions that are due: the SQL form of `schedule.as_of`."""
    return sa.case(
        *((r.c.status == status, _chain(status, now)) for status in TIME_TRIGGERS), else_=r.c.status
    )


def _chain(status: Status, now: datetime) -> Any:
    unchanged = sa.literal(status, r.c.status.type)
    if status not in TIME_TRIGGERS:
        return unchanged
    _, edge, following = TIME_TRIGGERS[status]
    return sa.case((r.c[edge] <= now, _chain(following, now)), else_=unchanged)


def _awaits(context: QueryContext) -> list[ColumnElement[bool]]:
    actor, d, e = context.actor, t.decisions, t.release_edits
    if Permission.APPROVE_RELEASE not in actor.permissions or actor.service:
        return [sa.false()]
    decided = sa.exists().where(
        d.c.release_id == r.c.id,
        d.c.material_revision == r.c.material_revision,
        d.c.approver_id == actor.user_id,
    )
    conditions = [
        r.c.account_id == context.account_id,
        status_now(context.now) == Status.PENDING,
        r.c.status == Status.PENDING,
        ~decided,
    ]
    if context.settings.teams_enabled:
        conditions.append(r.c.team_id.in_(sorted(actor.team_ids)))
    if not context.settings.allow_self_approval:
        edited = sa.exists().where(
            e.c.release_id == r.c.id,
            e.c.editor_id == actor.user_id,
            e.c.material,
            e.c.revision >= r.c.round_revision,
        )
        conditions += [r.c.creator_id != actor.user_id, ~edited]
    return conditions


def _conditions(context: QueryContext, filter_: ReleaseFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filter_.statuses is not None:
        conditions.append(status_now(context.now).in_(filter_.statuses))
    if filter_.types is not None:
        conditions.append(r.c.type.in_(filter_.types))
    if filter_.categories is not None:
        conditions.append(r.c.category.in_(filter_.categories))
    if filter_.team_id is not None:
        conditions.append(r.c.team_id == filter_.team_id)
    if filter_.requested_by_id is not None:
        conditions.append(r.c.creator_id == filter_.requested_by_id)
    if filter_.keypair_id is not None:
        h = t.release_keypairs
        holds = sa.select(h.c.release_id).where(h.c.keypair_id == filter_.keypair_id)
        conditions.append(r.c.id.in_(holds))
    if filter_.overlaps_from is not None:
        conditions.append(r.c.ends_at > filter_.overlaps_from)
    if filter_.overlaps_until is not None:
        conditions.append(r.c.starts_at < filter_.overlaps_until)
    if filter_.name_contains:
        part = lookup_key(filter_.name_contains)
        conditions.append(r.c.name_key.contains(part, autoescape=True))
    return conditions


def _page(context: QueryContext, page: Page[Any]) -> Page[Release]:
    ids = [row.id for row in page.items]
    releases = load(context, ids)
    items = [releases[id_] for id_ in ids]
    return Page(items, page.cursors, page.has_next, page.has_previous)


def _scope(filter_: ReleaseFilter) -> dict[str, Any]:
    return {f.name: getattr(filter_, f.name) for f in fields(filter_)}
