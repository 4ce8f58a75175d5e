"""Merges messages: one mail instead of one for each of several events in a row.

A later message takes in an earlier one about the same release to the same person if it says all of
it: in one transaction, or if the earlier one was queued moments ago and not attempted yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.sql import id_in
from notifications.outbox import calendar_handover
from notifications.tables import IS_QUEUED, deliveries
from notifications.vocabulary import DeliveryState, MessageKind

_WINDOW_NEWS = frozenset({MessageKind.APPROVED, MessageKind.OPENED, MessageKind.CLOSING_SOON})
#: For each kind of message the earlier kinds that it makes superfluous.
TAKES_IN: Mapping[MessageKind, frozenset[MessageKind]] = {
    MessageKind.OPENED: frozenset({MessageKind.APPROVED}),
    MessageKind.CLOSED: _WINDOW_NEWS,
    MessageKind.STOPPED: _WINDOW_NEWS,
    MessageKind.WITHDRAWN: _WINDOW_NEWS,
}
#: A message of approval waits for the one of opening if the window opens within this time.
OPENS_SOON = timedelta(seconds=30)
#: How long after the opening it waits at most; the worker opens windows within a second.
OPENING_DELAY = timedelta(seconds=5)
#: A message that was queued longer ago is not taken in.
MERGE_PERIOD = timedelta(minutes=1)
TAKEN_IN = "told together with what came after it"

_D = deliveries
_NOW = sa.bindparam("now", type_=_D.c.next_attempt_at.type)
#: All queued deliveries about releases, in the order of each lane.
_WAITING = (
    sa.select(
        _D.c.id,
        _D.c.release_id,
        _D.c.user_id,
        _D.c.channel,
        _D.c.kind,
        _D.c.audiences,
        _D.c.calendar,
        _D.c.attempts,
        _D.c.next_attempt_at,
        _D.c.created_at,
    )
    .where(id_in(_D.c.release_id), _D.c.user_id.is_not(None), IS_QUEUED)
    .order_by(_D.c.created_at, _D.c.id)
)
# Another transaction may have claimed the delivery since it was read.
_UNTRIED = _D.update().where(id_in(_D.c.id), _D.c.attempts == 0, IS_QUEUED)
_VOID = _UNTRIED.values(state=DeliveryState.VOID, settled_at=_NOW, last_error=TAKEN_IN).returning(
    _D.c.id
)
_SEND_NOW = _UNTRIED.values(next_attempt_at=_NOW)


#: Release, person and channel.
Lane: TypeAlias = tuple[UUID, UUID, str]


@dataclass(slots=True, kw_only=True, eq=False)
class Draft:
    """A delivery that is about to be queued."""

    kind: MessageKind
    row: dict[str, Any]
    #: The kinds of the messages that it has taken in.
    taken_in: set[MessageKind] = field(default_factory=set)

    @property
    def lane(self) -> Lane:
        """Where it is to be queued."""
        return self.row["release_id"], self.row["user_id"], self.row["channel"]

    def take_in(self, kind: MessageKind, audiences: str) -> None:
        """Take an earlier message in, with its audiences."""
        self.taken_in.add(kind)
        both = set(self.row["audiences"].split()) | set(audiences.split())
        self.row["audiences"] = " ".join(sorted(both))


def combine(
    connection: Connection,
    drafts: Sequence[Draft],
    now: datetime,
    new_releases: Collection[UUID] = (),
) -> list[Draft]:
    """Merge messages, and return the drafts that are still to be queued.

    A postponed delivery in the lane of a draft becomes due, since it comes before the draft.

    Args:
        connection: Of the transaction.
        drafts: What is about to be queued.
        now: The instant of queueing.
        new_releases: Releases about which nothing was queued before.
    """
    remaining = _merge_drafts(drafts)
    nothing_before = {None, *new_releases}
    of_releases = [draft for draft in remaining if draft.row["release_id"] not in nothing_before]
    if of_releases:
        _merge_waiting(connection, of_releases, now)
    return remaining


def due_at(kind: MessageKind, starts_at: datetime, now: datetime) -> datetime:
    """Return when a message is due: at once, or when another is expected to take it in."""
    if kind is MessageKind.APPROVED and now < starts_at <= now + OPENS_SOON:
        return starts_at + OPENING_DELAY
    return now


def _merge_drafts(drafts: Sequence[Draft]) -> list[Draft]:
    by_lane, merged = defaultdict[Lane, list[Draft]](list), set[Draft]()
    for draft in drafts:
        if draft.row["release_id"] is None:
            continue
        before = by_lane[draft.lane]
        while before and before[-1].kind in TAKES_IN.get(draft.kind, ()):
            earlier = before.pop()
            draft.take_in(earlier.kind, earlier.row["audiences"])
            draft.row["calendar"] = draft.row["calendar"] or earlier.row["calendar"]
            draft.taken_in |= earlier.taken_in
            merged.add(earlier)
        before.append(draft)
    return [draft for draft in drafts if draft not in merged]


def _merge_waiting(connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
    first_drafts = {draft.lane: draft for draft in reversed(drafts)}
    waiting = defaultdict[Lane, list[Any]](list)
    ids = sorted({draft.lane[0] for draft in drafts})
    for row in run_compiled(connection, _WAITING, {"ids": ids}).all():
        waiting[row.release_id, row.user_id, row.channel].append(row)
    mergeable, postponed = dict[Lane, list[Any]](), list[UUID]()
    for lane, rows in waiting.items():
        if (draft := first_drafts.get(lane)) is None:
            continue
        mergeable[lane] = _pop_mergeable(rows, draft, now)
        postponed += [
            row.id
            for row in rows
            if row.attempts == 0 and row.next_attempt_at > now and row.kind != draft.kind
        ]
    settled = _void(connection, {row.id for rows in mergeable.values() for row in rows}, now)
    for lane, rows in mergeable.items():
        _extend_draft(connection, first_drafts[lane], [row for row in rows if row.id in settled])
    if postponed:
        run_compiled(connection, _SEND_NOW, {"ids": sorted(postponed), "now": now})


def _pop_mergeable(rows: list[Any], draft: Draft, now: datetime) -> list[Any]:
    """Remove those from the end that the draft can take in, and return them, the last first."""
    merged, kinds = list[Any](), TAKES_IN.get(draft.kind, frozenset())
    while rows and rows[-1].kind in kinds and rows[-1].attempts == 0:
        if rows[-1].created_at <= now - MERGE_PERIOD:
            break
        merged.append(rows.pop())
    return merged


def _extend_draft(connection: Connection, draft: Draft, rows: Sequence[Any]) -> None:
    """Let the draft take in deliveries that are void by now, the last of them first."""
    for row in rows:
        draft.take_in(MessageKind(row.kind), row.audiences)
        draft.row["calendar"] = draft.row["calendar"] or row.calendar
    if rows:
        # What remains in the lane will have been published.
        file = calendar_handover.file_after(connection, rows[-1], draft.row["calendar"])
        draft.row["calendar"] = file


def _void(connection: Connection, ids: Collection[UUID], now: datetime) -> frozenset[UUID]:
    """Void those deliveries that still wait, and return which."""
    if not ids:
        return frozenset()
    voided = run_compiled(connection, _VOID, {"ids": sorted(ids), "now": now})
    return frozenset(voided.scalars().all())
