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
from engine.persistence.store.release_facts import assemble, with_facts_of_creation
from engine.persistence.store.reservation_expiry import without_overdue
from engine.queries.context import QueryContext
from engine.queries.visibility import is_visible, reasons

r = t.releases

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "STARTS_AT": (r.c.starts_at, r.c.id),
    "ENDS_AT": (r.c.ends_at, r.c.id),
    "CREATED_AT": (r.c.created_at, r.c.id),
    "NAME": (r.c.name_key, r.c.id),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFilter:
    """Every condition given must hold."""

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


def by_ids(reading: QueryContext, ids: Collection[UUID]) -> dict[UUID, Release]:
    """Those of the releases that the viewer may see, as of now."""
    return {
        id_: release
        for id_, release in load(reading, ids).items()
        if release.account_id == reading.account_id and sees(reading.policy, reading.actor, release)
    }


def load(reading: QueryContext, ids: Collection[UUID]) -> dict[UUID, Release]:
    """Releases as of now, also those that the viewer does not see."""
    stored = loading.load_releases(reading.connection, ids)
    as_they_are = [as_of(release, reading.now) for release in stored.values()]
    found = without_overdue(reading.connection, as_they_are, reading.now)
    return {release.id: release for release in found}


def by_name(reading: QueryContext, name: str) -> Release | None:
    """The release that holds the name; else the latest that had it and gave it back."""
    query = (
        sa.select(r.c.id)
        .where(r.c.name_key == lookup_key(name), is_visible(reading))
        .order_by(r.c.name_held.desc(), r.c.id.desc())
        .limit(1)
    )
    found = reading.connection.execute(query).scalar_one_or_none()
    return load(reading, [found])[found] if found is not None else None


def find(
    reading: QueryContext,
    wanted: ReleaseFilter,
    order: str,
    window: PageArgs,
    *,
    descending: bool = False,
) -> Page[Release]:
    """A page of the visible releases."""
    query = sa.select(r.c.id).where(*_conditions(reading, wanted))
    sorted_by, scope, seen = (
        Order(order, ORDERS[order], descending),
        _scope(wanted),
        reasons(reading),
    )
    page = fetch(reading.connection, query, sorted_by, window, scope, any_of=seen)
    return _page(reading, page)


def count(reading: QueryContext, wanted: ReleaseFilter) -> int:
    """How many releases the filter finds; asked only when somebody wants to know."""
    query = sa.select(sa.func.count()).select_from(r)
    query = query.where(is_visible(reading), *_conditions(reading, wanted))
    return int(reading.connection.execute(query).scalar_one())


def inbox(reading: QueryContext, window: PageArgs) -> Page[Release]:
    """Pending releases that wait for the viewer's decision, the first to start first."""
    query = sa.select(r.c.id).where(*_awaits(reading))
    order = Order("INBOX", ORDERS["STARTS_AT"])
    return _page(reading, fetch(reading.connection, query, order, window))


def inbox_count(reading: QueryContext) -> int:
    """How many releases wait for the viewer's decision."""
    query = sa.select(sa.func.count()).select_from(r).where(*_awaits(reading))
    return int(reading.connection.execute(query).scalar_one())


def facts_of(reading: QueryContext, releases: Collection[Release]) -> dict[UUID, Facts]:
    """What the viewer could do with each: the guards' own view of it."""
    return assemble(reading.connection, reading.now, reading.policy, reading.actor, releases)


def facts_of_approval(reading: QueryContext, releases: Collection[Release]) -> dict[UUID, Facts]:
    """The same, with what the rules of creation look at: an approval asks them again."""
    facts = facts_of(reading, releases)
    return with_facts_of_creation(reading.connection, reading.account_id, facts)


def status_now(now: datetime) -> ColumnElement[Any]:
    """The SQL form of `timeline.as_of`: the status after what time has made due."""
    return sa.case(
        *((r.c.status == status, _chain(status, now)) for status in TIME_TRIGGERS), else_=r.c.status
    )


def _chain(status: Status, now: datetime) -> Any:
    told = sa.literal(status, r.c.status.type)
    if status not in TIME_TRIGGERS:
        return told
    _, edge, following = TIME_TRIGGERS[status]
    return sa.case((r.c[edge] <= now, _chain(following, now)), else_=told)


def _awaits(reading: QueryContext) -> list[ColumnElement[bool]]:
    actor, d, e = reading.actor, t.decisions, t.release_edits
    if Permission.APPROVE_RELEASE not in actor.permissions or actor.service:
        return [sa.false()]
    decided = sa.exists().where(
        d.c.release_id == r.c.id,
        d.c.material_revision == r.c.material_revision,
        d.c.approver_id == actor.user_id,
    )
    conditions = [
        r.c.account_id == reading.account_id,
        status_now(reading.now) == Status.PENDING,
        r.c.status == Status.PENDING,
        ~decided,
    ]
    if reading.policy.teams_enabled:
        conditions.append(r.c.team_id.in_(sorted(actor.team_ids)))
    if not reading.policy.allow_self_approval:
        edited = sa.exists().where(
            e.c.release_id == r.c.id,
            e.c.editor_id == actor.user_id,
            e.c.material,
            e.c.revision >= r.c.round_revision,
        )
        conditions += [r.c.creator_id != actor.user_id, ~edited]
    return conditions


def _conditions(reading: QueryContext, wanted: ReleaseFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.statuses is not None:
        found.append(status_now(reading.now).in_(wanted.statuses))
    if wanted.types is not None:
        found.append(r.c.type.in_(wanted.types))
    if wanted.categories is not None:
        found.append(r.c.category.in_(wanted.categories))
    if wanted.team_id is not None:
        found.append(r.c.team_id == wanted.team_id)
    if wanted.requested_by_id is not None:
        found.append(r.c.creator_id == wanted.requested_by_id)
    if wanted.keypair_id is not None:
        h = t.release_keypairs
        holds = sa.select(h.c.release_id).where(h.c.keypair_id == wanted.keypair_id)
        found.append(r.c.id.in_(holds))
    if wanted.overlaps_from is not None:
        found.append(r.c.ends_at > wanted.overlaps_from)
    if wanted.overlaps_until is not None:
        found.append(r.c.starts_at < wanted.overlaps_until)
    if wanted.name_contains:
        part = lookup_key(wanted.name_contains)
        found.append(r.c.name_key.contains(part, autoescape=True))
    return found


def _page(reading: QueryContext, page: Page[Any]) -> Page[Release]:
    ids = [row.id for row in page.items]
    releases = load(reading, ids)
    items = [releases[id_] for id_ in ids]
    return Page(items, page.cursors, page.has_next, page.has_previous)


def _scope(wanted: ReleaseFilter) -> dict[str, Any]:
    return {f.name: getattr(wanted, f.name) for f in fields(wanted)}
