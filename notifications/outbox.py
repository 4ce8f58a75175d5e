"""The outbox: what happened becomes rows to be delivered, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from engine.events import DecisionRecorded, ReleaseEvent, ReleaseRevised, UserUpdated
from engine.facts import Release
from engine.persistence import loading
from engine.persistence.ledger import Entry
from engine.persistence.work import Work
from engine.vocabulary import Status
from notifications import action_links, newcomers, queueing, recipients
from notifications.event_facts import facts_of_administration, facts_of_event, facts_of_time
from notifications.recipients import People, Rule
from notifications.vocabulary import EMAIL, Kind


class Outbox:
    """A listener of the engine: `System(listeners=(Outbox(link_key),))`."""

    def __init__(
        self,
        link_key: bytes,
        *,
        link_lifetime: timedelta = action_links.LIFETIME,
        channels: Collection[str] = (EMAIL,),
    ) -> None:
        self._link_key = link_key
        self._link_lifetime = link_lifetime
        self._channels = frozenset(channels)

    def __call__(self, work: Work, entries: list[Entry]) -> None:
        """Void the links that ended and queue a message for everyone concerned."""
        releases: dict[UUID, Release] = {}
        for entry in entries:
            event, told = entry.recorded.event, set[UUID]()
            self._end_links(work, entry)
            for rule in recipients.rules_for(event):
                if isinstance(event, ReleaseEvent):
                    release = _release(work, event, releases)
                    told |= self._tell_of_release(work, entry, rule, release, told)
                else:
                    self._tell_administrators(work, entry, rule)
        if any(newcomers.can_make_approvers(entry.recorded.event) for entry in entries):
            self._ask_newcomers(work)

    def _end_links(self, work: Work, entry: Entry) -> None:
        event, actor = entry.recorded.event, entry.recorded.actor
        if isinstance(event, DecisionRecorded) and actor.user_id is not None:
            # Decided without the link: a request that is still queued need not be sent.
            action_links.void(
                work.connection, work.now, release_id=event.subject_id, user_id=actor.user_id
            )
        elif isinstance(event, ReleaseEvent) and _ends_a_round(event):
            action_links.void(work.connection, work.now, release_id=event.subject_id)
        elif isinstance(event, UserUpdated) and event.changes.get("active") == (True, False):
            action_links.void(work.connection, work.now, user_id=event.subject_id)

    def _tell_of_release(
        self, work: Work, entry: Entry, rule: Rule, release: Release, told: Collection[UUID]
    ) -> set[UUID]:
        """Tells those who were not told yet; answers who they are."""
        found = recipients.of_release(work.connection, release, rule.told)
        people = {user_id: who for user_id, who in found.items() if user_id not in told}
        if people:
            message = queueing.Message(
                kind=rule.kind,
                account_id=work.account_id,
                facts=facts_of_event(work, entry.recorded, release),
                release=release,
            )
            self._queue(work, message, people)
        return set(people)

    def _ask_newcomers(self, work: Work) -> None:
        """Nothing happened to the release: only to who can approve it."""
        for release, people in newcomers.unasked(work):
            message = queueing.Message(
                kind=Kind.REQUEST,
                account_id=work.account_id,
                facts=facts_of_time(work.connection, release, work.now),
                release=release,
            )
            self._queue(work, message, people)

    def _tell_administrators(self, work: Work, entry: Entry, rule: Rule) -> None:
        people = recipients.administrators(work.connection, work.account_id)
        message = queueing.Message(
            kind=rule.kind,
            account_id=work.account_id,
            facts=facts_of_administration(work, entry.recorded),
        )
        self._queue(work, message, people)

    def _queue(self, work: Work, message: queueing.Message, people: People) -> None:
        links: Mapping[UUID, UUID] = {}
        if message.kind is Kind.REQUEST:
            assert message.release is not None
            links = action_links.ensure(
                work.connection,
                self._link_key,
                message.release,
                people,
                work.now,
                self._link_lifetime,
            )
        queueing.enqueue(work.connection, message, people, work.now, links, channels=self._channels)


def _ends_a_round(event: ReleaseEvent) -> bool:
    left = event.from_status is Status.PENDING and event.to_status is not Status.PENDING
    return (left and event.to_status is not None) or (
        isinstance(event, ReleaseRevised) and event.asks_anew
    )


def _release(work: Work, event: Any, known: dict[UUID, Release]) -> Release:
    if event.subject_id not in known:
        known |= loading.load_releases(work.connection, [event.subject_id])
    return known[event.subject_id]
