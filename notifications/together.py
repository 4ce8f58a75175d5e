"""What happens together is told together: one mail instead of one for each event.

A later message takes in an earlier one about the same release to the same person, where it says
all of it: in one transaction, or if the earlier one was queued moments ago and was not tried yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.persistence.columns import among
from notifications import calendar_handover
from notifications.tables import IS_QUEUED, deliveries
from notifications.vocabulary import DeliveryState, Kind

_ENDED = frozenset({Kind.APPROVED, Kind.OPENED, Kind.CLOSING_SOON})
#: By each kind of message, the earlier ones that it says all of.
TAKES_IN: Mapping[Kind, frozenset[Kind]] = {
    Kind.OPENED: frozenset({Kind.APPROVED}),
    Kind.CLOSED: _ENDED,
    Kind.STOPPED: _ENDED,
    Kind.WITHDRAWN: _ENDED,
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
_SINCE = sa.bindparam("since", type_=_D.c.created_at.type)
#: Not tried yet; of those that wait for a later instant, every kind.
_WAITING = (
    sa.select(
        _D.c.id,
        _D.c.release_id,
        _D.c.user_id,
        _D.c.channel,
        _D.c.kind,
        _D.c.audiences,
        _D.c.calendar,
        _D.c.next_attempt_at,
    )
    .where(
        among(_D.c.release_id),
        _D.c.user_id.is_not(None),
        _D.c.attempts == 0,
        (_D.c.kind.in_(sorted(_ENDED)) & (_D.c.created_at > _SINCE))
        | (_D.c.next_attempt_at > _NOW),
        IS_QUEUED,
    )
    .order_by(_D.c.created_at, _D.c.id)
)
# Another transaction may have claimed it since it was looked for.
_UNTRIED = _D.update().where(among(_D.c.id), _D.c.attempts == 0, IS_QUEUED)
_TAKE_IN = _UNTRIED.values(
    state=DeliveryState.VOID, settled_at=_NOW, last_error=TAKEN_IN
).returning(_D.c.id)
_HURRY = _UNTRIED.values(next_attempt_at=_NOW)


@dataclass(slots=True, kw_only=True)
class Draft:
    """A row that is about to be queued."""

    kind: Kind
    row: dict[str, Any]
    #: The kinds of the messages it is told together with.
    taken_in: set[Kind] = field(default_factory=set)

    @property
    def lane(self) -> tuple[UUID, UUID, str]:
        """Release, person and channel."""
        return self.row["release_id"], self.row["user_id"], self.row["channel"]

    def take_in(self, kind: Kind, audiences: str) -> None:
        """Say what an earlier message was to say."""
        self.taken_in.add(kind)
        both = set(self.row["audiences"].split()) | set(audiences.split())
        self.row["audiences"] = " ".join(sorted(both))


def combine(connection: Connection, drafts: Sequence[Draft], now: datetime) -> list[Draft]:
    """The drafts that are still to be queued, each with what it is told together with.

    What waits in their lanes for a later instant waits no longer: it comes before them.
    """
    of_releases = [draft for draft in drafts if draft.row["release_id"] is not None]
    if not of_releases:
        return list(drafts)
    left = _among_themselves(drafts)
    _with_what_waits(connection, [one for one in left if one in of_releases], now)
    return left


def due_at(kind: Kind, starts_at: datetime, now: datetime) -> datetime:
    """When a message is to be sent: at once, or with what follows within moments."""
    if kind is Kind.APPROVED and now < starts_at <= now + OPENS_AT_ONCE:
        return starts_at + OPENING_TAKES
    return now


def _among_themselves(drafts: Sequence[Draft]) -> list[Draft]:
    left, by_lane = list[Draft](), defaultdict[tuple[UUID, UUID, str], list[Draft]](list)
    for draft in drafts:
        before = by_lane[draft.lane] if draft.row["release_id"] is not None else []
        taken = TAKES_IN.get(draft.kind, frozenset())
        for earlier in [one for one in before if one.kind in taken]:
            draft.take_in(earlier.kind, earlier.row["audiences"])
            draft.row["calendar"] = draft.row["calendar"] or earlier.row["calendar"]
            draft.taken_in |= earlier.taken_in
            before.remove(earlier)
            left = [one for one in left if one is not earlier]
        before.append(draft)
        left.append(draft)
    return left


def _with_what_waits(connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
    ids = sorted({draft.lane[0] for draft in drafts})
    asked = {"ids": ids, "now": now, "since": now - MOMENTS}
    by_lane = {draft.lane: draft for draft in reversed(drafts)}
    taking, hurried = dict[UUID, tuple[Draft, Any]](), list[UUID]()
    for row in connection.execute(_WAITING, asked).all():
        draft = by_lane.get((row.release_id, row.user_id, row.channel))
        if draft is None:
            continue
        if row.kind in TAKES_IN.get(draft.kind, ()):
            taking[row.id] = draft, row
        elif row.next_attempt_at > now and draft.kind != row.kind:
            hurried.append(row.id)
    newest = dict[tuple[UUID, UUID, str], tuple[Draft, Any]]()
    for id_ in _settled(connection, taking, now):
        draft, row = taking[id_]
        draft.take_in(Kind(row.kind), row.audiences)
        if row.calendar is not None:
            newest[draft.lane] = draft, row
    # All of them are taken in by now: what is left in the lane is what will have been published.
    for draft, row in newest.values():
        file = calendar_handover.file_after(connection, row, draft.row["calendar"])
        draft.row["calendar"] = file
    if hurried:
        connection.execute(_HURRY, {"ids": sorted(hurried), "now": now})


def _settled(connection: Connection, ids: Collection[UUID], now: datetime) -> list[UUID]:
    """Which of them were still waiting, and are void by now."""
    if not ids:
        return []
    found = connection.execute(_TAKE_IN, {"ids": sorted(ids), "now": now})
    return sorted(found.scalars().all())
