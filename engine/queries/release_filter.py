"""Conditions on releases, as SQL: what a list can be filtered by, as of now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from engine.lifecycle.table import TIME_TRIGGERS
from engine.model.facts import Actor
from engine.model.vocabulary import KeypairCategory, Permission, ReleaseType, Status
from engine.persistence.store import tables as t
from engine.queries.context import QueryContext
from engine.queries.text_search import contains, release_matches, search_key

r = t.releases

_FINAL = tuple(status for status in Status if status.is_final)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFilter:
    """Conditions that all hold; None leaves one out."""

    statuses: tuple[Status, ...] | None = None
    types: tuple[ReleaseType, ...] | None = None
    categories: tuple[KeypairCategory, ...] | None = None
    team_id: UUID | None = None
    #: The release is of one of these teams.
    team_ids: frozenset[UUID] | None = None
    keypair_id: UUID | None = None
    #: The release names one of these keypairs.
    keypair_ids: frozenset[UUID] | None = None
    requested_by_id: UUID | None = None
    #: Takes part: listed, or a present member of the release's team.
    participant_id: UUID | None = None
    mine: bool | None = None
    awaiting_me: bool | None = None
    #: The window, up to its actual end, overlaps [overlaps_from, overlaps_until).
    overlaps_from: datetime | None = None
    overlaps_until: datetime | None = None
    #: The release has ended, within [ended_from, ended_until).
    ended_from: datetime | None = None
    ended_until: datetime | None = None
    name_contains: str | None = None
    search: str | None = None


def conditions(context: QueryContext, filter_: ReleaseFilter) -> list[ColumnElement[bool]]:
    """Return the filter's conditions as SQL; refuses INVALID_INPUT for too long a text."""
    return [
        condition(context, value)
        for name, condition in _CONDITIONS.items()
        if (value := getattr(filter_, name)) is not None
    ]


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


def held_keypairs(context: QueryContext) -> Select[Any]:
    """Return the ids of keypairs that open releases of the account hold."""
    h = t.release_keypairs.c
    is_open = status_now(context.now).not_in(_FINAL)
    query = sa.select(h.keypair_id).join(r, r.c.id == h.release_id)
    return query.where(t.IS_HELD, r.c.account_id == context.account_id, is_open)


def is_decided_by(actor: Actor) -> ColumnElement[bool]:
    """Whether somebody has decided on what a release is now."""
    d = t.decisions
    return sa.exists().where(
        d.c.release_id == r.c.id,
        d.c.material_revision == r.c.material_revision,
        d.c.approver_id == actor.user_id,
    )


def awaits_viewer(context: QueryContext) -> list[ColumnElement[bool]]:
    """Return conditions of which all hold for releases that wait for the viewer's decision."""
    actor, e = context.actor, t.release_edits
    if Permission.APPROVE_RELEASE not in actor.permissions or actor.service:
        return [sa.false()]
    conditions = [
        r.c.account_id == context.account_id,
        status_now(context.now) == Status.PENDING,
        r.c.status == Status.PENDING,
        ~is_decided_by(actor),
    ]
    if context.settings.teams_enabled:
        conditions.append(_is_one_of(r.c.team_id, actor.team_ids))
    if not context.settings.allow_self_approval:
        edited = sa.exists().where(
            e.c.release_id == r.c.id,
            e.c.editor_id == actor.user_id,
            e.c.material,
            e.c.revision >= r.c.round_revision,
        )
        conditions += [r.c.creator_id != actor.user_id, ~edited]
    return conditions


#: The end of the window: the actual one of a release that has ended. One whose end is due but not
#: yet written ends as planned.
_end = sa.func.coalesce(r.c.ended_at, r.c.ends_at)
#: What ended before its window began never had one.
_has_window = _end > r.c.starts_at


def _has_ended(context: QueryContext) -> ColumnElement[bool]:
    return status_now(context.now).in_(_FINAL)


def _is_one_of(column: ColumnElement[Any], ids: frozenset[UUID]) -> ColumnElement[bool]:
    return column.in_(sorted(ids))


def _names_keypair(ids: frozenset[UUID]) -> ColumnElement[bool]:
    h = t.release_keypairs.c
    return r.c.id.in_(sa.select(h.release_id).where(_is_one_of(h.keypair_id, ids)))


def _takes_part(user_id: UUID) -> ColumnElement[bool]:
    p, m = t.release_participants.c, t.team_members.c
    listed = sa.select(p.release_id).where(p.user_id == user_id)
    teams = sa.select(m.team_id).where(m.user_id == user_id)
    return sa.or_(r.c.team_id.in_(teams), sa.and_(r.c.team_id.is_(None), r.c.id.in_(listed)))


def _is_awaited(context: QueryContext) -> ColumnElement[bool]:
    # A release without a team is in none of the viewer's, which SQL answers with NULL.
    return sa.func.coalesce(sa.and_(*awaits_viewer(context)), sa.false())


#: The condition of each field of the filter that is given.
_CONDITIONS: dict[str, Callable[[QueryContext, Any], ColumnElement[bool]]] = {
    "statuses": lambda context, values: status_now(context.now).in_(values),
    "types": lambda _, values: r.c.type.in_(values),
    "categories": lambda _, values: r.c.category.in_(values),
    "team_id": lambda _, id_: r.c.team_id == id_,
    "team_ids": lambda _, ids: _is_one_of(r.c.team_id, ids),
    "keypair_id": lambda _, id_: _names_keypair(frozenset({id_})),
    "keypair_ids": lambda _, ids: _names_keypair(ids),
    "requested_by_id": lambda _, id_: r.c.creator_id == id_,
    "participant_id": lambda _, id_: _takes_part(id_),
    "mine": lambda context, mine: (r.c.creator_id == context.actor.user_id) == mine,
    "awaiting_me": lambda context, awaited: _is_awaited(context) == awaited,
    "overlaps_from": lambda _, instant: sa.and_(_has_window, _end > instant),
    "overlaps_until": lambda _, instant: sa.and_(_has_window, r.c.starts_at < instant),
    "ended_from": lambda context, instant: sa.and_(_has_ended(context), _end >= instant),
    "ended_until": lambda context, instant: sa.and_(_has_ended(context), _end < instant),
    "name_contains": lambda _, text: contains(r.c.name_key, search_key(text, "name_contains")),
    "search": lambda context, text: release_matches(context.account_id, search_key(text, "search")),
}
