"""Finds who could be due a reminder, and releases that could be due a message about their end.

Only those are found that would get the message if it were due: whoever may not decide any more, or
wants no such messages, is not looked at again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, Select

from engine.model.vocabulary import Permission, Status
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from notifications.tables import action_links, deliveries, preferences
from notifications.vocabulary import KINDS_WITH_LINK, MessageKind

d, r, u = deliveries, t.releases, t.users


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDecision:
    """An approver who was asked about the current revision and has not decided."""

    account_id: UUID
    release_id: UUID
    user_id: UUID
    time_zone: str
    starts_at: datetime
    ends_at: datetime
    asked_at: datetime
    #: Of any revision, so that nobody is reminded twice a day who is asked again.
    reminded_at: datetime | None
    #: Their newest link; None where all of them have ended.
    lapses_at: datetime | None
    #: They want no reminders.
    silenced: bool

    @property
    def kind(self) -> MessageKind:
        """Return the kind of message: who wants no reminders is still asked again."""
        return MessageKind.REQUEST if self.silenced else MessageKind.REMINDER


def undecided(
    connection: Connection, now: datetime, release_id: UUID | None
) -> list[PendingDecision]:
    """Return who has still to decide on an open request, or on this one."""
    query = _select_asked(now).where(
        d.c.user_id.in_(loading.permitted_users(Permission.APPROVE_RELEASE).scalar_subquery()),
        r.c.team_id.is_(None) | _is_member(d.c.user_id),
        ~_has_voted(d.c.user_id),
        # Whom nothing is needed from, since it is their own.
        t.accounts.c.allow_self_approval | ~_is_author(d.c.user_id),
    )
    if release_id is not None:
        query = query.where(r.c.id == release_id)
    return [PendingDecision(**row._mapping) for row in connection.execute(query).all()]


def _select_asked(now: datetime) -> Select[Any]:
    """Select whoever was asked about the current revision of a request that is still open."""
    of_request = (
        r.c.account_id,
        d.c.release_id,
        d.c.user_id,
        u.c.time_zone,
        r.c.starts_at,
        r.c.ends_at,
    )
    asked_at = _last(d.c.revision >= r.c.material_revision)
    return (
        sa.select(
            *of_request,
            asked_at.label("asked_at"),
            _last(d.c.kind == MessageKind.REMINDER).label("reminded_at"),
            _lapses_at().label("lapses_at"),
            _is_silenced(d.c.user_id, MessageKind.REMINDER).label("silenced"),
        )
        .join(r, r.c.id == d.c.release_id)
        .join(u, u.c.id == d.c.user_id)
        .join(t.accounts, t.accounts.c.id == r.c.account_id)
        .where(
            r.c.status == Status.PENDING,
            r.c.ends_at > now,
            d.c.kind.in_(sorted(KINDS_WITH_LINK)),
        )
        .group_by(*of_request, r.c.material_revision)
        .having(asked_at.is_not(None))
    )


def closing(
    connection: Connection, now: datetime, until: datetime, release_id: UUID | None
) -> list[Row[Any]]:
    """Return open releases with signatures left that end by then, and when that was last said."""
    p = t.release_participants
    said = (
        sa.select(sa.func.max(d.c.created_at, type_=d.c.created_at.type))
        .where(d.c.release_id == r.c.id, d.c.kind == MessageKind.CLOSING_SOON)
        .scalar_subquery()
    )
    listed = sa.exists().where(p.c.release_id == r.c.id, p.c.user_id == u.c.id)
    hearing = sa.exists().where(
        u.c.account_id == r.c.account_id,
        u.c.active,
        ~u.c.service,
        (u.c.id == r.c.creator_id) | listed | _is_member(u.c.id),
        ~_is_silenced(u.c.id, MessageKind.CLOSING_SOON),
    )
    query = sa.select(
        r.c.id, r.c.account_id, r.c.starts_at, r.c.ends_at, said.label("said_at")
    ).where(
        r.c.status == Status.IN_PROGRESS,
        r.c.ends_at > now,
        r.c.ends_at <= until,
        r.c.signatures_used < r.c.max_signatures,
        hearing,
    )
    if release_id is not None:
        query = query.where(r.c.id == release_id)
    return list(connection.execute(query))


def _last(only: ColumnElement[bool]) -> ColumnElement[Any]:
    """Select when the last message of a kind was queued."""
    return sa.func.max(sa.case((only, d.c.created_at)), type_=d.c.created_at.type)


def _lapses_at() -> ScalarSelect[Any]:
    """Select when the newest of the user's links to the current revision ends."""
    link = action_links
    return (
        sa.select(sa.func.max(link.c.expires_at, type_=link.c.expires_at.type))
        .where(
            link.c.release_id == d.c.release_id,
            link.c.user_id == d.c.user_id,
            link.c.material_revision == r.c.material_revision,
            link.c.voided_at.is_(None),
        )
        .scalar_subquery()
    )


def _has_voted(user_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Match users who have decided on the current material revision."""
    v = t.decisions
    return sa.exists().where(
        v.c.release_id == r.c.id,
        v.c.approver_id == user_id,
        v.c.material_revision == r.c.material_revision,
    )


def _is_member(user_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Match members of the release's team, if it has one."""
    m = t.team_members
    return sa.exists().where(m.c.team_id == r.c.team_id, m.c.user_id == user_id)


def _is_author(user_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Match users who requested it, or edited it materially since its round began."""
    e = t.release_edits
    edited = sa.exists().where(
        e.c.release_id == r.c.id,
        e.c.editor_id == user_id,
        e.c.material,
        e.c.revision >= r.c.round_revision,
    )
    return (r.c.creator_id == user_id) | edited


def _is_silenced(user_id: ColumnElement[Any], kind: MessageKind) -> ColumnElement[bool]:
    """Match users who chose no channel for messages of this kind."""
    p = preferences
    return sa.exists().where(p.c.user_id == user_id, p.c.kind == kind, p.c.channels == "")
