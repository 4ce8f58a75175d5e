"""What people's calendars show of a release's window: published once it is sure, then kept true.

What each person gets follows from what they were sent before, which their deliveries keep: an
update goes to whoever has the window otherwise than it is, a cancellation to whoever has it and
should not, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model.facts import Release
from engine.model.vocabulary import Status
from engine.persistence.db.canonical_json import canonical
from engine.persistence.db.sql import id_in
from notifications.facts.release_context import ReleaseContext
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState, MessageKind

#: Of an event in a calendar, what its owner sees.
Shown: TypeAlias = dict[str, str]

CANCELLED = "CANCELLED"
CONFIRMED = "CONFIRMED"
#: How sure the window is.
SURENESS: dict[Status, str] = {
    Status.PENDING: "TENTATIVE",
    Status.APPROVED: CONFIRMED,
    Status.ACTIVE: CONFIRMED,
    Status.IN_PROGRESS: CONFIRMED,
    Status.COMPLETED: CONFIRMED,
    Status.REJECTED: CANCELLED,
    Status.FAILED: CANCELLED,
}
#: With these it is put into calendars that do not have it, while the release is yet to come or on.
PUBLISHING = frozenset({MessageKind.APPROVED, MessageKind.REVISED, MessageKind.OPENED})
_AHEAD = frozenset({Status.APPROVED, Status.ACTIVE, Status.IN_PROGRESS})

_D = deliveries
_SENT = (
    sa.select(_D.c.release_id, _D.c.user_id, _D.c.calendar, _D.c.state, _D.c.action_link_id)
    .where(id_in(_D.c.release_id), _D.c.calendar.is_not(None))
    .order_by(_D.c.release_id, _D.c.user_id)
)


@dataclass(frozen=True, slots=True)
class SentCalendars:
    """What one person was sent of one release so far."""

    #: Files there were, whatever became of them: the next one's number.
    files: int
    #: What is in their calendar; None: it has no such event, or a cancelled one.
    shown: Shown | None
    #: What may yet come to be in it, after that.
    perhaps: tuple[Shown, ...] = ()


Mailed: TypeAlias = Mapping[UUID, SentCalendars]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarUpdates:
    """Those of one release's people, and what should be in them."""

    release: Release
    true: Shown
    concerned: frozenset[UUID]
    sent: Mailed

    @property
    def former(self) -> frozenset[UUID]:
        """Who has it in their calendar and takes no part in it any more."""
        return frozenset(self._having() - self.concerned)

    @property
    def outdated(self) -> frozenset[UUID]:
        """Who has it in their calendar otherwise than it is."""
        return frozenset(id_ for id_ in self._having() if self._differs(id_))

    def files(self, kind: MessageKind, people: Collection[UUID], now: datetime) -> dict[UUID, str]:
        """What to send with this message, for those whose calendar is to change."""
        found = {}
        for user_id in people:
            has_it = self._before(user_id).shown is not None
            if self._differs(user_id) if has_it else self._publishes(kind, user_id):
                found[user_id] = self._file(user_id, now)
        return found

    def again(self, user_id: UUID, now: datetime) -> str | None:
        """What to send with a message that is repeated: how it is now, whatever that showed."""
        due, before = self._due(user_id), self._before(user_id)
        if before.shown is None and due["status"] != CONFIRMED:
            return None
        return self._file(user_id, now)

    def _file(self, user_id: UUID, now: datetime) -> str:
        number, due = self._before(user_id).files, self._due(user_id)
        return canonical({"uid": self.release.id, "sequence": number, "at": now, "shown": due})

    def _before(self, user_id: UUID) -> SentCalendars:
        return self.sent.get(user_id, SentCalendars(0, None))

    def _differs(self, user_id: UUID) -> bool:
        before, due = self._before(user_id), self._due(user_id)
        return any(shown != due for shown in (before.shown, *before.perhaps))

    def _having(self) -> set[UUID]:
        return {user_id for user_id, sent in self.sent.items() if sent.shown}

    def _due(self, user_id: UUID) -> Shown:
        return self.true if user_id in self.concerned else self.true | {"status": CANCELLED}

    def _publishes(self, kind: MessageKind, user_id: UUID) -> bool:
        ahead = self.release.status in _AHEAD
        return kind in PUBLISHING and ahead and user_id in self.concerned


def sent_of(connection: Connection, release_ids: Collection[UUID]) -> dict[UUID, Mailed]:
    """What was sent of these releases, by release and person; one statement."""
    rows = connection.execute(_SENT, {"ids": sorted(release_ids)}).all()
    by_release = groupby(rows, attrgetter("release_id"))
    return {release_id: _by_person(found) for release_id, found in by_release}


def calendars_of(release: Release, around: ReleaseContext, sent: Mailed) -> CalendarUpdates:
    """What is in the calendars of its people, and what should be."""
    return CalendarUpdates(
        release=release,
        true=_shown(release, around),
        concerned=around.participants_of(release) | {release.creator_id},
        sent=sent,
    )


def _by_person(rows: Iterable[Any]) -> Mailed:
    return {user_id: _sent(list(found)) for user_id, found in groupby(rows, attrgetter("user_id"))}


def _sent(rows: Collection[Row[Any]]) -> SentCalendars:
    files = sorted(
        ((orjson.loads(row.calendar), row) for row in rows),
        key=lambda one: int(one[0]["sequence"]),
    )
    last: Shown | None = None
    perhaps = list[Shown]()
    for file, row in files:
        if _counts(row):
            last, perhaps = file["shown"], []
        elif row.state is DeliveryState.QUEUED:
            perhaps.append(file["shown"])
    shown = None if last is None or last["status"] == CANCELLED else last
    return SentCalendars(files[-1][0]["sequence"] + 1, shown, tuple(perhaps))


def _counts(row: Row[Any]) -> bool:
    """It came, or will come: what carries a link may still be void by its turn.

    If another turns out not to be sent, the message after it takes over its file.
    """
    waits = row.state is DeliveryState.QUEUED and row.action_link_id is None
    return waits or row.state is DeliveryState.SENT


def _shown(release: Release, around: ReleaseContext) -> Shown:
    fields, ends_at = release.fields, release.fields.ends_at
    if release.status is Status.COMPLETED and release.ended_at is not None:
        ends_at = min(ends_at, release.ended_at)
    values = {
        "status": SURENESS[release.status],
        "starts_at": fields.starts_at,
        "ends_at": ends_at,
        "summary": fields.name,
        "description": ", ".join(sorted(around.keypairs[id_] for id_ in fields.keypair_ids)),
    }
    # As it is stored, to be compared with that.
    shown: Shown = orjson.loads(canonical(values))
    return shown
