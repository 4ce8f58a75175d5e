"""Reminds approvers who have not decided, and says that a window closes soon.

Every approver has a link that works: whoever's link ends soon gets another one.

A query finds what is due; the release is locked before anything is queued, so that people are
reminded once however many workers there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Connection

from engine.commands.transactions import bare_transaction
from engine.concurrency.executor import Executor
from engine.model.facts import Release
from engine.persistence.store import loading, locks
from engine.persistence.store.locks import Lock
from engine.system import System
from notifications.content.datetimes import zone_of
from notifications.facts.message_data import facts_of_time
from notifications.facts.release_context import ReleaseContext, load_release_context
from notifications.links import action_links
from notifications.outbox import queueing, recipients
from notifications.outbox.differences import for_each_reader
from notifications.outbox.recipients import People
from notifications.periodic import reminder_queries
from notifications.periodic.reminder_queries import PendingDecision
from notifications.vocabulary import EMAIL, KINDS_WITH_LINK, MessageKind

#: Seconds between two runs.
INTERVAL_SECONDS = 20.0
#: The kind of a message that time alone makes due, with the account and the release it is about.
DueMessage: TypeAlias = tuple[MessageKind, UUID, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When people are reminded."""

    #: Of the time from the last message to the start, how much passes before the next.
    share: float = 0.5
    #: Nobody is reminded of what they were asked less than this before, nor told that a window
    #: closes soon which opened less than this before.
    earliest: timedelta = timedelta(minutes=5)
    #: At most one in this time.
    at_most_every: timedelta = timedelta(days=1)
    #: So long before their link lapses they get another; longer than a night.
    before_lapse: timedelta = timedelta(days=1)
    #: In the recipient's own zone; nobody is woken for what can wait until morning.
    night_begins: time = time(21)
    night_ends: time = time(7)
    #: A window closes soon when no more of it is left than both of these.
    closing: timedelta = timedelta(hours=1)
    closing_share: float = 0.2

    def next_reminder(self, pending: PendingDecision, now: datetime) -> datetime | None:
        """Return when somebody is to be reminded; None if there is no reason to.

        Never before now: what was due while nothing ran may have become due at night.
        """
        reasons = [*self._as_the_start_nears(pending, now), *self._before_the_link_lapses(pending)]
        if not reasons:
            return None
        due = max(now, min(reasons))
        if pending.reminded_at is not None:
            due = max(due, pending.reminded_at + self.at_most_every)
        morning = self._morning_after(due, pending.time_zone)
        edge = pending.starts_at if now < pending.starts_at else pending.ends_at
        return due if morning is None or morning >= edge else morning

    def closes_soon_at(self, starts_at: datetime, ends_at: datetime) -> datetime:
        """Return when the message is due that a window closes soon."""
        soon = ends_at - min(self.closing, (ends_at - starts_at) * self.closing_share)
        return max(soon, starts_at + self.earliest)

    def _as_the_start_nears(self, pending: PendingDecision, now: datetime) -> Iterator[datetime]:
        if now < pending.starts_at and not pending.silenced:
            due = pending.asked_at + (pending.starts_at - pending.asked_at) * self.share
            yield max(due, pending.asked_at + self.earliest)

    def _before_the_link_lapses(self, pending: PendingDecision) -> Iterator[datetime]:
        lapses_at = pending.lapses_at or pending.asked_at
        if lapses_at < pending.ends_at:
            # A link that lapses within moments is replaced even so.
            yield max(
                lapses_at - self.before_lapse, min(pending.asked_at + self.earliest, lapses_at)
            )

    def _morning_after(self, due: datetime, zone: str) -> datetime | None:
        """The end of the night that an instant lies in; None by day."""
        try:
            there = due.astimezone(zone_of(zone))
        except OverflowError:
            # Before year 1 or after 9999 on that zone's clock: nobody's night.
            return None
        if self.night_ends <= there.time() < self.night_begins:
            return None
        evening = there.time() >= self.night_begins
        day = there.date() + timedelta(days=1) if evening else there.date()
        return datetime.combine(day, self.night_ends, there.tzinfo).astimezone(due.tzinfo)


class Reminders:
    """Queues reminders as they become due. May run in any number of processes."""

    def __init__(
        self,
        system: System,
        executor: Executor,
        link_key: bytes,
        rhythm: Rhythm = Rhythm(),
        *,
        link_lifetime: timedelta = action_links.LIFETIME,
        channels: Collection[str] = (EMAIL,),
    ) -> None:
        self._system = system
        self._executor = executor
        self._link_key = link_key
        self._rhythm = rhythm
        self._link_lifetime = link_lifetime
        self._channels = frozenset(channels)

    async def run_once(self) -> int:
        """Queue whatever is due; returns for how many releases."""
        due = await self._executor.read(self._find)
        for kind, account_id, release_id in due:
            queue = partial(self._queue_if_still_due, kind, account_id, release_id)
            await self._executor.write(queue, account_id)
        return len(due)

    def _find(self) -> list[DueMessage]:
        """Find each message that is due, once, though it may be due to several people."""
        with self._system.database.reading() as connection:
            now = self._system.clock.now(connection)
            due = [*self._undecided(connection, now), *self._closing(connection, now)]
        return list(dict.fromkeys(due))

    def _queue_if_still_due(self, kind: MessageKind, account_id: UUID, release_id: UUID) -> None:
        def change(connection: Connection) -> None:
            locks.acquire(connection, account_id, Lock(releases=frozenset({release_id})))
            now = self._system.clock.now(connection)
            release = loading.load_releases(connection, [release_id])[release_id]
            # Again, now that nobody else can say it at the same time.
            if kind is MessageKind.REMINDER:
                self._remind(connection, release, now)
            elif any(self._closing(connection, now, release_id)):
                around = load_release_context(connection, [release])
                people = recipients.of_release(release, recipients.NOTIFIED_OF_CLOSING, around)
                self._queue(connection, kind, release, people, around, now)

        bare_transaction(self._system.database, change)

    def _remind(self, connection: Connection, release: Release, now: datetime) -> None:
        to_remind = self._to_remind(connection, now, release.id)
        kinds = {pending.user_id: pending.kind for pending in to_remind}
        around = load_release_context(connection, [release])
        undecided = recipients.of_release(release, recipients.NOTIFIED_OF_REMINDER, around)
        for kind in sorted(set(kinds.values())):
            people = {id_: who for id_, who in undecided.items() if kinds.get(id_) is kind}
            self._queue(connection, kind, release, people, around, now)

    def _queue(
        self,
        connection: Connection,
        kind: MessageKind,
        release: Release,
        people: People,
        around: ReleaseContext,
        now: datetime,
    ) -> None:
        if not people:
            return
        links = {}
        if kind in KINDS_WITH_LINK:
            approvers = [(release, people)]
            links = action_links.ensure(
                connection, self._link_key, approvers, now, self._link_lifetime
            )
        settings = loading.load_settings(connection, release.account_id)
        message = queueing.OutboxMessage(
            kind=kind,
            account_id=release.account_id,
            facts=facts_of_time(settings, release, around, now),
            people=people,
            release=release,
        )
        messages = for_each_reader(connection, [message])
        queueing.enqueue(connection, messages, now, links, channels=self._channels)

    def _undecided(self, connection: Connection, now: datetime) -> Iterator[DueMessage]:
        for row in self._to_remind(connection, now):
            yield MessageKind.REMINDER, row.account_id, row.release_id

    def _to_remind(
        self, connection: Connection, now: datetime, release_id: UUID | None = None
    ) -> list[PendingDecision]:
        undecided = reminder_queries.undecided(connection, now, release_id)
        return [pending for pending in undecided if self._is_due(pending, now)]

    def _is_due(self, pending: PendingDecision, now: datetime) -> bool:
        due = self._rhythm.next_reminder(pending, now)
        return due is not None and due <= now

    def _closing(
        self, connection: Connection, now: datetime, release_id: UUID | None = None
    ) -> Iterator[DueMessage]:
        until = now + self._rhythm.closing
        for row in reminder_queries.closing(connection, now, until, release_id):
            since = self._rhythm.closes_soon_at(row.starts_at, row.ends_at)
            if since <= now and (row.said_at is None or row.said_at < since):
                yield MessageKind.CLOSING_SOON, row.account_id, row.id
