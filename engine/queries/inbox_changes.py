"""Which entries of the ledger change what waits for the viewer's decision, and how."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row

from engine.lifecycle.inbox import HistoryStep, waiting_changes
from engine.model.events import (
    AccountUpdated,
    DecisionRecorded,
    ReleaseApproved,
    ReleaseExpired,
    ReleaseRejected,
    ReleaseRequested,
    ReleaseRevised,
    ReleaseWithdrawn,
    RoleUpdated,
    TeamUpdated,
    UserUpdated,
)
from engine.model.vocabulary import Permission, Status
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.queries import ledger_slices, releases
from engine.queries.context import QueryContext
from engine.queries.ledger_slices import LedgerSlice
from engine.queries.release_filter import is_decided_by
from engine.queries.visibility import is_visible

e, r = t.ledger_entries, t.releases

#: What may let a release begin or end to wait.
_OF_RELEASES = tuple(
    event.tag
    for event in (
        DecisionRecorded,
        ReleaseApproved,
        ReleaseExpired,
        ReleaseRejected,
        ReleaseRequested,
        ReleaseRevised,
        ReleaseWithdrawn,
    )
)
#: The changes that may make somebody an approver, or none any more.
_OF_APPROVERS: dict[str, frozenset[str]] = {
    AccountUpdated.tag: frozenset({"teams_enabled", "allow_self_approval"}),
    RoleUpdated.tag: frozenset({"permissions"}),
    TeamUpdated.tag: frozenset({"member_ids"}),
    UserUpdated.tag: frozenset({"roles", "active"}),
}


@dataclass(frozen=True, slots=True)
class InboxChange:
    """What one entry of the ledger changed."""

    entry: Row[Any]
    began: frozenset[UUID]
    ended: frozenset[UUID]


def entries_after(context: QueryContext, position: int) -> LedgerSlice:
    """Return the next entries that may change what waits for the viewer."""
    seen = sa.exists().where(r.c.id == e.c.release_id, is_visible(context))
    return ledger_slices.scan(
        context,
        position,
        sa.or_(
            sa.and_(e.c.tag.in_(_OF_RELEASES), seen),
            sa.and_(e.c.tag == UserUpdated.tag, e.c.subject_id == context.actor.user_id),
            e.c.tag.in_(sorted(_OF_APPROVERS.keys() - {UserUpdated.tag})),
        ),
    )


def changes_by(context: QueryContext, ledger_slice: LedgerSlice) -> list[InboxChange]:
    """Return what the entries changed; those that changed nothing are left out."""
    of_releases = [row for row in ledger_slice.entries if row.tag in _OF_RELEASES]
    waiting = _waiting_changes(context, {row.release_id for row in of_releases})
    changes = []
    for row in ledger_slice.entries:
        if row.tag not in _OF_RELEASES:
            began, ended = _by_new_approvers(context, row)
        else:
            concerned, waits = frozenset({row.release_id}), waiting.get(row.position)
            began = concerned if waits else frozenset()
            ended = concerned if waits is False else frozenset()
        if began or ended:
            changes.append(InboxChange(row, began, ended))
    return changes


def _waiting_changes(context: QueryContext, release_ids: Collection[UUID]) -> dict[int, bool]:
    """Return where any of these began or ended to wait, of those that the viewer may decide on."""
    user_id = context.actor.user_id
    assert user_id is not None
    steps: dict[UUID, list[HistoryStep]] = defaultdict(list)
    for row in _history(context, _decidable(context, release_ids)):
        steps[row.release_id].append(_step_of(row))
    allowed = context.settings.allow_self_approval
    return {
        position: waits
        for history in steps.values()
        for position, waits in waiting_changes(
            history, user_id, allow_self_approval=allowed
        ).items()
    }


def _decidable(context: QueryContext, release_ids: Collection[UUID]) -> list[UUID]:
    """Return those of which the viewer is an approver."""
    actor = context.actor
    if actor.service or Permission.APPROVE_RELEASE not in actor.permissions:
        return []
    conditions: list[ColumnElement[bool]] = [id_in(r.c.id)]
    if context.settings.teams_enabled:
        conditions.append(r.c.team_id.in_(sorted(actor.team_ids)))
    query = sa.select(r.c.id).where(*conditions)
    return list(context.connection.execute(query, {"ids": sorted(release_ids)}).scalars())


def _history(context: QueryContext, release_ids: Collection[UUID]) -> list[Row[Any]]:
    query = (
        sa.select(e)
        .where(id_in(e.c.release_id), e.c.tag.in_(_OF_RELEASES))
        .order_by(e.c.release_id, e.c.position)
    )
    return list(context.connection.execute(query, {"ids": sorted(release_ids)}))


def _step_of(row: Row[Any]) -> HistoryStep:
    body = json.loads(row.body)
    return HistoryStep(
        position=row.position,
        tag=row.tag,
        actor_id=row.actor_id,
        from_status=Status(body["from"]) if body["from"] else None,
        to_status=Status(body["to"]) if body["to"] else None,
        is_material=bool(body["details"].get("material")),
    )


def _by_new_approvers(
    context: QueryContext, row: Row[Any]
) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Return what waits, and what does not, of what was requested before approvers changed."""
    if not _concerns(context, row):
        return frozenset(), frozenset()
    waiting = frozenset(releases.inbox_ids(context))
    pending = _pending(context, row)
    before = _requested_before(context, waiting | pending, row.position)
    return waiting & before, (pending - waiting) & before


def _concerns(context: QueryContext, row: Row[Any]) -> bool:
    """Whether an entry may have made the viewer an approver, or none any more."""
    changes = json.loads(row.body)["details"]["changes"]
    relevant = _OF_APPROVERS[row.tag] & changes.keys()
    if row.tag != TeamUpdated.tag or not relevant:
        return bool(relevant)
    before, after = (set(members or ()) for members in changes["member_ids"])
    return str(context.actor.user_id) in before ^ after


def _pending(context: QueryContext, row: Row[Any]) -> frozenset[UUID]:
    """Return the pending ones that the viewer sees, or of the team, and has not decided on."""
    is_concerned = (
        r.c.team_id == row.subject_id if row.tag == TeamUpdated.tag else is_visible(context)
    )
    query = sa.select(r.c.id).where(
        r.c.account_id == context.account_id,
        r.c.status == Status.PENDING,
        is_concerned,
        ~is_decided_by(context.actor),
    )
    return frozenset(context.connection.execute(query).scalars())


def _requested_before(
    context: QueryContext, release_ids: Collection[UUID], position: int
) -> frozenset[UUID]:
    query = sa.select(e.c.release_id).where(
        id_in(e.c.release_id), e.c.tag == ReleaseRequested.tag, e.c.position < position
    )
    ids = {"ids": sorted(release_ids)}
    return frozenset(context.connection.execute(query, ids).scalars())
