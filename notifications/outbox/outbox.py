"""The outbox: events become deliveries, in the transaction of the change itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
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


class Match(NamedTuple):
    """An event, and the rules that say who is notified of it."""

    recorded: Recorded
    rules: list[Rule]


class Outbox:
    """An event handler of the engine: `System(event_handlers=(Outbox(link_key),))`."""

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
        """Void links that an event ends, and queue a message for everyone to be notified."""
        _end_links(uow, [entry.recorded for entry in entries])
        matches = [
            Match(entry.recorded, rules)
            for entry in entries
            if (rules := list(recipients.rules_for(entry.recorded.event)))
        ]
        messages = [*_of_releases(uow, matches), *_of_administration(uow, matches)]
        if any(new_approvers.can_make_approvers(entry.recorded.event) for entry in entries):
            messages += _to_new_approvers(uow)
        messages += _of_orphaned_requests(uow, entries)
        messages += user_invitations.invitations_of(uow, entries)
        self._queue(uow, for_each_reader(uow.connection, messages))
        address_mails.enqueue(uow, entries)

    def _queue(self, uow: UnitOfWork, messages: Sequence[OutboxMessage]) -> None:
        requests = [
            (message.release, message.people)
            for message in messages
            if message.kind is MessageKind.REQUEST and message.release is not None
        ]
        links = action_links.ensure(
            uow.connection, self._link_key, requests, uow.now, self._link_lifetime, uow.created
        )
        queueing.enqueue(
            uow.connection,
            messages,
            uow.now,
            links,
            channels=self._channels,
            new_releases=uow.created,
        )
        uow.has_messages_to_send |= bool(messages)


def _end_links(uow: UnitOfWork, recorded: Sequence[Recorded]) -> None:
    """Void all links that these events end, before any new one is made."""
    rounds, users, decided = set[UUID](), set[UUID](), set[tuple[UUID, UUID]]()
    for event, actor in ((entry.event, entry.actor) for entry in recorded):
        if isinstance(event, DecisionRecorded) and actor.user_id is not None:
            # A decision without the link: a request that is still queued need not be sent.
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


def _of_releases(uow: UnitOfWork, matches: Sequence[Match]) -> Iterator[OutboxMessage]:
    """Yield the messages about events of releases, with one look-up for all of them."""
    matches = [match for match in matches if isinstance(match.recorded.event, ReleaseEvent)]
    if not matches:
        return
    releases = uow.get_many({match.recorded.event.subject_id for match in matches})
    earlier = [
        recipients.before(releases[match.recorded.event.subject_id], match.recorded.event)
        for match in matches
    ]
    context, calendars = _load(uow, releases, earlier)
    with_file = set[tuple[UUID, UUID]]()
    for (recorded, rules), before in zip(matches, earlier, strict=True):
        calendar, notified = calendars[recorded.event.subject_id], set[UUID]()
        for rule in rules:
            excluded = notified | ({recorded.actor.user_id} if rule.except_actor else set())
            candidates = _people(rule, calendar, context, before)
            people = {id_: who for id_, who in candidates.items() if id_ not in excluded}
            notified |= people.keys()
            if people:
                message = _release_message(
                    uow, rule, recorded, calendar, context, people, with_file
                )
                with_file |= {(calendar.release.id, user_id) for user_id in message.calendars}
                yield message


def _load(
    uow: UnitOfWork, releases: Mapping[UUID, Release], earlier: Sequence[Release | None]
) -> tuple[ReleaseContext, dict[UUID, CalendarUpdates]]:
    """Load what messages about these releases need: their context, and their calendars by id."""
    known = [*releases.values(), *(release for release in earlier if release is not None)]
    staff = uow.team_facts({release.fields.team_id for release in known})
    sent = calendar_updates.sent_of(uow.connection, releases.keys() - uow.created)
    others = {user_id for by_person in sent.values() for user_id in by_person}
    context = load_release_context(uow.connection, known, staff, others)
    return context, {
        release.id: calendar_updates.calendars_of(release, context, sent.get(release.id, {}))
        for release in releases.values()
    }


def _release_message(
    uow: UnitOfWork,
    rule: Rule,
    recorded: Recorded,
    calendar: CalendarUpdates,
    context: ReleaseContext,
    people: People,
    with_file: Collection[tuple[UUID, UUID]],
) -> OutboxMessage:
    """Return a rule's message; only the first one to a person has the calendar file."""
    release = calendar.release
    without_file = [id_ for id_ in people if (release.id, id_) not in with_file]
    return OutboxMessage(
        kind=rule.kind,
        account_id=uow.account_id,
        facts=_facts(uow, rule, recorded, release, context),
        people=people,
        release=release,
        calendars=calendar.files(rule.kind, without_file, uow.now),
    )


def _facts(
    uow: UnitOfWork, rule: Rule, recorded: Recorded, release: Release, context: ReleaseContext
) -> dict[str, Any]:
    if rule.kind is MessageKind.LEFT:
        return facts_of_leaving(uow, recorded, release)
    return facts_of_event(uow, recorded, release, context)


def _people(
    rule: Rule, calendars: CalendarUpdates, context: ReleaseContext, before: Release | None
) -> People:
    people = recipients.of_release(
        calendars.release, rule.audiences, context, before, calendars.former
    )
    if not rule.outdated_only:
        return people
    outdated = calendars.outdated
    return {user_id: who for user_id, who in people.items() if user_id in outdated}


def _of_administration(uow: UnitOfWork, matches: Sequence[Match]) -> Iterator[OutboxMessage]:
    """Yield the messages to administrators about changes of the account."""
    for recorded, rules in matches:
        if isinstance(recorded.event, ReleaseEvent):
            continue
        administrators = recipients.administrators(uow.connection, uow.account_id)
        # The actor knows of the change, and a new user is invited.
        excluded = {recorded.actor.user_id}
        if isinstance(recorded.event, UserCreated):
            excluded.add(recorded.event.subject_id)
        people = {id_: who for id_, who in administrators.items() if id_ not in excluded}
        for rule in rules if people else ():
            yield OutboxMessage(
                kind=rule.kind,
                account_id=uow.account_id,
                facts=facts_of_administration(uow, recorded),
                people=people,
            )


def _to_new_approvers(uow: UnitOfWork) -> Iterator[OutboxMessage]:
    """Yield the requests for people who have become approvers of a pending release."""
    for release, people, context in new_approvers.approvers_without_link(uow):
        yield OutboxMessage(
            kind=MessageKind.REQUEST,
            account_id=uow.account_id,
            facts=facts_of_time(uow.settings, release, context, uow.now),
            people=people,
            release=release,
        )


def _of_orphaned_requests(
    uow: UnitOfWork, entries: Sequence[LedgerEntry]
) -> Iterator[OutboxMessage]:
    """Yield the messages about pending requests whose requester was deactivated."""
    events = [entry.recorded.event for entry in entries]
    left = {event.subject_id for event in events if _deactivates(event)}
    for release, context in orphaned_requests.pending_of(uow, left):
        people = recipients.of_release(release, recipients.NOTIFIED_OF_ORPHANED, context)
        if people:
            yield OutboxMessage(
                kind=MessageKind.REVISED,
                account_id=uow.account_id,
                facts=facts_of_requester_leaving(uow.settings, release, context, uow.now),
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
