"""The calendar files of a release's window: published once it is approved, then kept up to date.

What a person is sent follows from the files they were sent before, which their deliveries store:
an update goes to those whose calendar differs from the window, a cancellation to those who have it
and should not, and nothing to anybody else.
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
from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.sql import id_in
from notifications.facts.release_context import ReleaseContext
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState, MessageKind

#: The properties of a calendar event that its owner sees.
Shown: TypeAlias = dict[str, str]

CANCELLED = "CANCELLED"
CONFIRMED = "CONFIRMED"
#: The STATUS of the calendar event (RFC 5545) for each status of the release.
CALENDAR_STATUS: dict[Status, str] = {
    Status.PENDING: "TENTATIVE",
    Status.APPROVED: CONFIRMED,
    Status.ACTIVE: CONFIRMED,
    Status.IN_PROGRESS: CONFIRMED,
    Status.COMPLETED: CONFIRMED,
    Status.REJECTED: CANCELLED,
    Status.FAILED: CANCELLED,
}
#: The messages that publish the window to people who do not have it, while it is ahead or open.
PUBLISHING_KINDS = frozenset({MessageKind.APPROVED, MessageKind.REVISED, MessageKind.OPENED})
_OPEN_STATUSES = frozenset({Status.APPROVED, Status.ACTIVE, Status.IN_PROGRESS})

_D = deliveries
_SENT = (
    sa.select(_D.c.release_id, _D.c.user_id, _D.c.calendar, _D.c.state, _D.c.action_link_id)
    .where(id_in(_D.c.release_id), _D.c.calendar.is_not(None))
    .order_by(_D.c.release_id, _D.c.user_id)
)


@dataclass(frozen=True, slots=True)
class SentCalendars:
    """The calendar files that one person was sent about one release."""

    #: The number of files, sent or not, which is the next one's SEQUENCE.
    files: int
    #: What their calendar shows; None where it has no event, or a cancelled one.
    shown: Shown | None
    #: What queued messages may make it show after that.
    pending: tuple[Shown, ...] = ()


SentByPerson: TypeAlias = Mapping[UUID, SentCalendars]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarUpdates:
    """What the calendars of a release's people show, and what they should show."""

    release: Release
    current: Shown
    participants: frozenset[UUID]
    sent: SentByPerson

    @property
    def former(self) -> frozenset[UUID]:
        """Who has the window in their calendar and no longer takes part in the release."""
        return frozenset(self._holders() - self.participants)

    @property
    def outdated(self) -> frozenset[UUID]:
        """Whose calendar shows the window otherwise than it is."""
        return frozenset(id_ for id_ in self._holders() if self._differs(id_))

    def files(self, kind: MessageKind, people: Collection[UUID], now: datetime) -> dict[UUID, str]:
        """Return the files to send with a message, for those whose calendar is to change."""
        files = {}
        for user_id in people:
            has_it = self._sent_to(user_id).shown is not None
            if self._differs(user_id) if has_it else self._publishes(kind, user_id):
                files[user_id] = self._file(user_id, now)
        return files

    def repeated(self, user_id: UUID, now: datetime) -> str | None:
        """Return the file to send with a repeated message, which shows the window as it is now."""
        due, before = self._due(user_id), self._sent_to(user_id)
        if before.shown is None and due["status"] != CONFIRMED:
            return None
        return self._file(user_id, now)

    def _file(self, user_id: UUID, now: datetime) -> str:
        number, due = self._sent_to(user_id).files, self._due(user_id)
        return canonical({"uid": self.release.id, "sequence": number, "at": now, "shown": due})

    def _sent_to(self, user_id: UUID) -> SentCalendars:
        return self.sent.get(user_id, SentCalendars(0, None))

    def _differs(self, user_id: UUID) -> bool:
        before, due = self._sent_to(user_id), self._due(user_id)
        return any(shown != due for shown in (before.shown, *before.pending))

    def _holders(self) -> set[UUID]:
        return {user_id for user_id, sent in self.sent.items() if sent.shown}

    def _due(self, user_id: UUID) -> Shown:
        return (
            self.current if user_id in self.participants else self.current | {"status": CANCELLED}
        )

    def _publishes(self, kind: MessageKind, user_id: UUID) -> bool:
        ahead = self.release.status in _OPEN_STATUSES
        return kind in PUBLISHING_KINDS and ahead and user_id in self.participants


def sent_of(connection: Connection, release_ids: Collection[UUID]) -> dict[UUID, SentByPerson]:
    """Return the files sent about releases, by release and person, with one statement."""
    if not release_ids:
        return {}
    rows = run_compiled(connection, _SENT, {"ids": sorted(release_ids)}).all()
    by_release = groupby(rows, attrgetter("release_id"))
    return {release_id: _by_person(group) for release_id, group in by_release}


def calendars_of(release: Release, context: ReleaseContext, sent: SentByPerson) -> CalendarUpdates:
    """Return what the calendars of a release's people show, and what they should show."""
    return CalendarUpdates(
        release=release,
        current=_shown(release, context),
        participants=context.participants_of(release) | {release.creator_id},
        sent=sent,
    )


def _by_person(rows: Iterable[Any]) -> SentByPerson:
    return {user_id: _sent(list(group)) for user_id, group in groupby(rows, attrgetter("user_id"))}


def _sent(rows: Collection[Row[Any]]) -> SentCalendars:
    files = sorted(
        ((orjson.loads(row.calendar), row) for row in rows),
        key=lambda pair: int(pair[0]["sequence"]),
    )
    last: Shown | None = None
    pending = list[Shown]()
    for file, row in files:
        if _arrives(row):
            last, pending = file["shown"], []
        elif row.state is DeliveryState.QUEUED:
            pending.append(file["shown"])
    shown = None if last is None or last["status"] == CANCELLED else last
    return SentCalendars(files[-1][0]["sequence"] + 1, shown, tuple(pending))


def _arrives(row: Row[Any]) -> bool:
    """Tell whether a file has arrived or will; a queued message with a link may become void.

    If another message turns out not to be sent, the one after it takes its file over.
    """
    waits = row.state is DeliveryState.QUEUED and row.action_link_id is None
    return waits or row.state is DeliveryState.SENT


def _shown(release: Release, context: ReleaseContext) -> Shown:
    fields, ends_at = release.fields, release.fields.ends_at
    if release.status is Status.COMPLETED and release.ended_at is not None:
        ends_at = min(ends_at, release.ended_at)
    values = {
        "status": CALENDAR_STATUS[release.status],
        "starts_at": fields.starts_at,
        "ends_at": ends_at,
        "summary": fields.name,
        "description": ", ".join(sorted(context.keypairs[id_] for id_ in fields.keypair_ids)),
    }
    # In the stored form, so that both can be compared.
    shown: Shown = orjson.loads(canonical(values))
    return shown
