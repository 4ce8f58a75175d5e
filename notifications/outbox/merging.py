"""What happens together is told together: one mail instead of one for each event.

A later message takes in an earlier one about the same release to the same person, where it says
all of it: in one transaction, or if the earlier one was queued moments ago and was not tried yet.
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

from engine.persistence.db.sql import id_in
from notifications.outbox import calendar_handover
from notifications.tables import IS_QUEUED, deliveries
from notifications.vocabulary import DeliveryState, MessageKind

_ENDED = frozenset({MessageKind.APPROVED, MessageKind.OPENED, MessageKind.CLOSING_SOON})
#: By each kind of message, the earlier ones that it says all of.
TAKES_IN: Mapping[MessageKind, frozenset[MessageKind]] = {
    MessageKind.OPENED: frozenset({MessageKind.APPROVED}),
    MessageKind.CLOSED: _ENDED,
    MessageKind.STOPPED: _ENDED,
    MessageKind.WITHDRAWN: _ENDED,
}
#: "Approved" waits for "open" where the window opens within this time.
OPENS_AT_ONCE = timedelta(seconds=30)
#: So long after the opening it waits at most; the worker opens windows within a second.
OPENING_TAKES = timedelta(seconds=5)
#: What was queued longer ago did not happen together with it.
MOMENTS = timedelta(minutes=1)
TAKEN_IN = "told together with what came after it"

_D = deliveries
_NOW = sa.bindparam("now", type_=_D.c.next_attempt_at.type)
#: Everything that waits about these releases, in the order of each lane.
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
# Another transaction may have claimed it since it was looked for.
_UNTRIED = _D.update().where(id_in(_D.c.id), _D.c.attempts == 0, IS_QUEUED)
_TAKE_IN = _UNTRIED.values(
    state=DeliveryState.VOID, settled_at=_NOW, last_error=TAKEN_IN
).returning(_D.c.id)
_HURRY = _UNTRIED.values(next_attempt_at=_NOW)


#: Release, person and channel.
Lane: TypeAlias = tuple[UUID, UUID, str]


@dataclass(slots=True, kw_only=True, eq=False)
class Draft:
    """A row that is about to be queued."""

    kind: MessageKind
    row: dict[str, Any]
    #: The kinds of the messages it is told together with.
    taken_in: set[MessageKind] = field(default_factory=set)

    @property
    def lane(self) -> Lane:
        """Where it is queued."""
        return self.row["release_id"], self.row["user_id"], self.row["channel"]

    def take_in(self, kind: MessageKind, audiences: str) -> None:
        """Say what an earlier message was to say."""
        self.taken_in.add(kind)
        both = set(self.row["audiences"].split()) | set(audiences.split())
        self.row["audiences"] = " ".join(sorted(both))


def combine(connection: Connection, drafts: Sequence[Draft], now: datetime) -> list[Draft]:
    """The drafts that are still to be queued, each with what it is told together with.

    What waits in their lanes for a later instant waits no longer: it comes before them.
    """
    left = _among_themselves(drafts)
    of_releases = [draft for draft in left if draft.row["release_id"] is not None]
    if of_releases:
        _with_what_waits(connection, of_releases, now)
    return left


def due_at(kind: MessageKind, starts_at: datetime, now: datetime) -> datetime:
    """When a message is to be sent: at once, or with what follows within moments."""
    if kind is MessageKind.APPROVED and now < starts_at <= now + OPENS_AT_ONCE:
        return starts_at + OPENING_TAKES
    return now


def _among_themselves(drafts: Sequence[Draft]) -> list[Draft]:
    by_lane, gone = defaultdict[Lane, list[Draft]](list), set[Draft]()
    for draft in drafts:
        if draft.row["release_id"] is None:
            continue
        before = by_lane[draft.lane]
        while before and before[-1].kind in TAKES_IN.get(draft.kind, ()):
            earlier = before.pop()
            draft.take_in(earlier.kind, earlier.row["audiences"])
            draft.row["calendar"] = draft.row["calendar"] or earlier.row["calendar"]
            draft.taken_in |= earlier.taken_in
            gone.add(earlier)
        before.append(draft)
    return [draft for draft in drafts if draft not in gone]


def _with_what_waits(connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
    first = {draft.lane: draft for draft in reversed(drafts)}
    waiting = defaultdict[Lane, list[Any]](list)
    ids = sorted({draft.lane[0] for draft in drafts})
    for row in connection.execute(_WAITING, {"ids": ids}).all():
        waiting[row.release_id, row.user_id, row.channel].append(row)
    taking, hurried = dict[Lane, list[Any]](), list[UUID]()
    for lane, rows in waiting.items():
        if (draft := first.get(lane)) is None:
            continue
        taking[lane] = _taken_from(rows, draft, now)
        hurried += [
            row.id
            for row in rows
            if row.attempts == 0 and row.next_attempt_at > now and row.kind != draft.kind
        ]
    settled = _settled(connection, {row.id for rows in taking.values() for row in rows}, now)
    for lane, rows in taking.items():
        _say(connection, first[lane], [row for row in rows if row.id in settled])
    if hurried:
        connection.execute(_HURRY, {"ids": sorted(hurried), "now": now})


def _taken_from(rows: list[Any], draft: Draft, now: datetime) -> list[Any]:
    """Take those off the end that the draft says all of; the last of them first."""
    taken, kinds = list[Any](), TAKES_IN.get(draft.kind, frozenset())
    while rows and rows[-1].kind in kinds and rows[-1].attempts == 0:
        if rows[-1].created_at <= now - MOMENTS:
            break
        taken.append(rows.pop())
    return taken


def _say(connection: Connection, draft: Draft, rows: Sequence[Any]) -> None:
    """Let the draft say what these were to say, which are settled; the last of them first."""
    for row in rows:
        draft.take_in(MessageKind(row.kind), row.audiences)
        draft.row["calendar"] = draft.row["calendar"] or row.calendar
    if rows:
        # What is left in the lane is what will have been published.
        file = calendar_handover.file_after(connection, rows[-1], draft.row["calendar"])
        draft.row["calendar"] = file


def _settled(connection: Connection, ids: Collection[UUID], now: datetime) -> frozenset[UUID]:
    """Which of them were still waiting, and are void by now."""
    if not ids:
        return frozenset()
    found = connection.execute(_TAKE_IN, {"ids": sorted(ids), "now": now})
    return frozenset(found.scalars().all())
