"""The outbox: what happened becomes rows to be delivered, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

from engine.model.events import (
    DecisionRecorded,
    Event,
    Recorded,
    ReleaseEvent,
    ReleaseRevised,
    UserCreated,
    UserUpdated,
)
from engine.model.facts import Release
from engine.model.vocabulary import Status
from engine.persistence.store.ledger import LedgerEntry
from engine.persistence.store.release_facts import TeamFacts
from engine.persistence.store.unit_of_work import UnitOfWork
from notifications.facts.message_data import (
    facts_of_administration,
    facts_of_event,
    facts_of_leaving,
    facts_of_requester_leaving,
    facts_of_time,
)
from notifications.facts.release_context import ReleaseContext, load_release_context
from notifications.links import action_links
from notifications.outbox import (
    address_mails,
    calendar_updates,
    new_approvers,
    orphaned_requests,
    queueing,
    recipients,
    user_invitations,
)
from notifications.outbox.calendar_updates import CalendarUpdates
from notifications.outbox.differences import for_each_reader
from notifications.outbox.queueing import OutboxMessage
from notifications.outbox.recipients import People, Rule
from notifications.vocabulary import EMAIL, MessageKind

#: What happened, and the rules that say who hears of it.
Told: TypeAlias = tuple[Recorded, list[Rule]]


class Outbox:
    """A listener of the engine: `System(event_handlers=(Outbox(link_key),))`."""

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

    def __call__(self, uow: UnitOfWork, entries: list[LedgerEntry]) -> None:
        """Void the links that ended and queue a message for everyone concerned."""
        _end_links(uow, [entry.recorded for entry in entries])
        told = [
            (entry.recorded, rules)
            for entry in entries
            if (rules := list(recipients.rules_for(entry.recorded.event)))
        ]
        messages = [*_of_releases(uow, told), *_of_administration(uow, told)]
        if any(new_approvers.can_make_approvers(entry.recorded.event) for entry in entries):
            messages += _to_newcomers(uow)
        messages += _of_requesters_who_left(uow, entries)
        messages += user_invitations.invitations_of(uow, entries)
        self._queue(uow, for_each_reader(uow.connection, messages))
        address_mails.enqueue(uow, entries)

    def _queue(self, uow: UnitOfWork, messages: Sequence[OutboxMessage]) -> None:
        asking = [
            (message.release, message.people)
            for message in messages
            if message.kind is MessageKind.REQUEST and message.release is not None
        ]
        links = action_links.ensure(
            uow.connection, self._link_key, asking, uow.now, self._link_lifetime
        )
        queueing.enqueue(uow.connection, messages, uow.now, links, channels=self._channels)
        uow.to_send |= bool(messages)


def _end_links(uow: UnitOfWork, recorded: Sequence[Recorded]) -> None:
    """All of them before any is made."""
    rounds, users, decided = set[UUID](), set[UUID](), set[tuple[UUID, UUID]]()
    for event, actor in ((one.event, one.actor) for one in recorded):
        if isinstance(event, DecisionRecorded) and actor.user_id is not None:
            # Decided without the link: a request that is still queued need not be sent.
            decided.add((event.subject_id, actor.user_id))
        elif isinstance(event, ReleaseEvent) and _ends_a_round(event):
            rounds.add(event.subject_id)
        elif _deactivates(event):
            users.add(event.subject_id)
    for release_id, user_id in decided:
        if release_id not in rounds:
            action_links.void_of_person(uow.connection, release_id, user_id, uow.now)
    action_links.void_of_releases(uow.connection, rounds, uow.now)
    action_links.void_of_users(uow.connection, users, uow.now)


def _of_releases(uow: UnitOfWork, told: Sequence[Told]) -> Iterator[OutboxMessage]:
    """What happened to releases: who and what is looked up for all of them at once."""
    told = [(one, rules) for one, rules in told if isinstance(one.event, ReleaseEvent)]
    if not told:
        return
    releases = uow.get_many({one.event.subject_id for one, _ in told})
    edited = [recipients.before(releases[one.event.subject_id], one.event) for one, _ in told]
    known = [*releases.values(), *(before for before in edited if before is not None)]
    teams = {release.fields.team_id for release in known}
    staff = TeamFacts(uow.teams_of(teams), uow.approvers_of(teams))
    sent = calendar_updates.sent_of(uow.connection, releases)
    others = {user_id for mailed in sent.values() for user_id in mailed}
    around = load_release_context(uow.connection, known, staff, others)
    calendars = {
        release.id: calendar_updates.calendars_of(release, around, sent.get(release.id, {}))
        for release in releases.values()
    }
    filed = set[tuple[UUID, UUID]]()
    for (one, rules), before in zip(told, edited, strict=True):
        release, reached = releases[one.event.subject_id], set[UUID]()
        for rule in rules:
            found = _people(rule, calendars[release.id], around, before)
            passed_over = reached | ({one.actor.user_id} if rule.except_actor else set())
            people = {id_: who for id_, who in found.items() if id_ not in passed_over}
            reached |= people.keys()
            if people:
                # What is told after it relies on the file that came with the first.
                without = [id_ for id_ in people if (release.id, id_) not in filed]
                files = calendars[release.id].files(rule.kind, without, uow.now)
                filed |= {(release.id, user_id) for user_id in files}
                yield OutboxMessage(
                    kind=rule.kind,
                    account_id=uow.account_id,
                    facts=_facts(uow, rule, one, release, around),
                    people=people,
                    release=release,
                    calendars=files,
                )


def _facts(
    uow: UnitOfWork, rule: Rule, recorded: Recorded, release: Release, around: ReleaseContext
) -> dict[str, Any]:
    if rule.kind is MessageKind.LEFT:
        return facts_of_leaving(uow, recorded, release)
    return facts_of_event(uow, recorded, release, around)


def _people(
    rule: Rule, calendars: CalendarUpdates, around: ReleaseContext, before: Release | None
) -> People:
    found = recipients.of_release(calendars.release, rule.told, around, before, calendars.former)
    if not rule.outdated_only:
        return found
    outdated = calendars.outdated
    return {user_id: who for user_id, who in found.items() if user_id in outdated}


def _of_administration(uow: UnitOfWork, told: Sequence[Told]) -> Iterator[OutboxMessage]:
    for one, rules in told:
        if isinstance(one.event, ReleaseEvent):
            continue
        people = recipients.administrators(uow.connection, uow.account_id)
        # Whoever did it knows, and whoever was added is invited.
        aware = {one.actor.user_id}
        if isinstance(one.event, UserCreated):
            aware.add(one.event.subject_id)
        told_people = {id_: who for id_, who in people.items() if id_ not in aware}
        for rule in rules if told_people else ():
            yield OutboxMessage(
                kind=rule.kind,
                account_id=uow.account_id,
                facts=facts_of_administration(uow, one),
                people=told_people,
            )


def _to_newcomers(uow: UnitOfWork) -> Iterator[OutboxMessage]:
    """Nothing happened to the release: only to who can approve it."""
    for release, people, around in new_approvers.not_yet_asked(uow):
        yield OutboxMessage(
            kind=MessageKind.REQUEST,
            account_id=uow.account_id,
            facts=facts_of_time(uow.policy, release, around, uow.now),
            people=people,
            release=release,
        )


def _of_requesters_who_left(
    uow: UnitOfWork, entries: Sequence[LedgerEntry]
) -> Iterator[OutboxMessage]:
    """Of requests that still await approval while nobody stands behind them any more."""
    events = [entry.recorded.event for entry in entries]
    left = {event.subject_id for event in events if _deactivates(event)}
    for release, around in orphaned_requests.pending_of(uow, left):
        people = recipients.of_release(release, recipients.LEFT_BEHIND, around)
        if people:
            yield OutboxMessage(
                kind=MessageKind.REVISED,
                account_id=uow.account_id,
                facts=facts_of_requester_leaving(uow.policy, release, around, uow.now),
                people=people,
                release=release,
            )


def _deactivates(event: Event) -> bool:
    return isinstance(event, UserUpdated) and event.changes.get("active") == (True, False)


def _ends_a_round(event: ReleaseEvent) -> bool:
    left = event.from_status is Status.PENDING and event.to_status is not Status.PENDING
    return (left and event.to_status is not None) or (
        isinstance(event, ReleaseRevised) and event.asks_anew
    )
