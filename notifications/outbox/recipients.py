"""The table of who is notified of which events (specification, section 6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model import events
from engine.model.facts import Release
from engine.model.vocabulary import FINAL, Permission, Status
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from notifications.facts.release_context import ReleaseContext, users_of
from notifications.vocabulary import Audience, MessageKind

People: TypeAlias = dict[UUID, frozenset[Audience]]

REQUESTER, PARTICIPANT = Audience.REQUESTER, Audience.PARTICIPANT
APPROVER, UNDECIDED = Audience.APPROVER, Audience.UNDECIDED
NEW_PARTICIPANT = Audience.NEW_PARTICIPANT
CONCERNED = frozenset({REQUESTER, PARTICIPANT})
#: The fields that name who may sign.
ROSTER_FIELDS = frozenset({"team_id", "participant_ids"})
#: The fields of the window, which people plan by once it is announced.
WINDOW_FIELDS = frozenset({"starts_at", "ends_at"})
#: The events that change a release's window, or its status in calendars.
CALENDAR_EVENTS: tuple[type[events.ReleaseEvent], ...] = (
    events.ReleaseRevised,
    events.ReleaseApproved,
    events.ReleaseRejected,
    events.ReleaseWithdrawn,
    events.ReleaseExpired,
    events.ReleaseOpened,
    events.ReleaseClosed,
    events.ReleaseStopped,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """An event, the message it causes, and its audiences; `when` is a further condition."""

    event: type[events.Event]
    kind: MessageKind
    audiences: frozenset[Audience]
    when: Callable[[Any], bool] | None = None
    #: Only people whose calendar shows something else.
    outdated_only: bool = False
    #: Not the actor.
    except_actor: bool = False


def _awaits_approval(event: events.Event) -> bool:
    return event.to_status is Status.PENDING


def _was_pending(event: events.Event) -> bool:
    return event.from_status is Status.PENDING


def _touches_labels_only(event: events.ReleaseRevised) -> bool:
    return not event.material


def _was_announced(event: events.ReleaseRevised) -> bool:
    return event.from_status in {Status.APPROVED, Status.IN_PROGRESS}


def _moves_what_was_announced(event: events.ReleaseRevised) -> bool:
    moved = event.asks_anew or not WINDOW_FIELDS.isdisjoint(event.changes)
    return moved and _was_announced(event)


def _is_not_over(event: events.ReleaseEvent) -> bool:
    return event.from_status not in FINAL


def _keeps_its_approval(event: events.ReleaseRevised) -> bool:
    return event.widened or (event.material and event.to_status is Status.APPROVED)


#: All rules that match apply; a person whom several name is notified by the first of them.
RULES: tuple[Rule, ...] = (
    Rule(events.ReleaseRequested, MessageKind.REQUEST, frozenset({APPROVER}), _awaits_approval),
    Rule(
        events.ReleaseRequested,
        MessageKind.APPROVED,
        CONCERNED,
        lambda event: event.to_status is Status.APPROVED,
    ),
    Rule(
        events.ReleaseRevised,
        MessageKind.REQUEST,
        frozenset({APPROVER}),
        lambda event: event.asks_anew,
    ),
    Rule(
        events.ReleaseRevised,
        MessageKind.NOT_NEEDED,
        frozenset({APPROVER}),
        lambda event: _was_pending(event) and not _awaits_approval(event),
    ),
    Rule(events.ReleaseRevised, MessageKind.REVISED, frozenset({APPROVER}), _keeps_its_approval),
    Rule(events.ReleaseRevised, MessageKind.REVISED, CONCERNED, _moves_what_was_announced),
    Rule(events.ReleaseRevised, MessageKind.REVISED, frozenset({NEW_PARTICIPANT}), _was_announced),
    Rule(
        events.ReleaseRevised,
        MessageKind.REVISED,
        frozenset({REQUESTER}),
        _was_pending,
        except_actor=True,
    ),
    Rule(
        events.ReleaseRevised,
        MessageKind.REVISED,
        frozenset({Audience.DECIDED}),
        _touches_labels_only,
        except_actor=True,
    ),
    # Calendars are kept up to date, whoever else is notified.
    Rule(events.ReleaseRevised, MessageKind.REVISED, CONCERNED, _is_not_over, outdated_only=True),
    *(
        Rule(event, MessageKind.LEFT, frozenset({Audience.FORMER}), _is_not_over)
        for event in CALENDAR_EVENTS
    ),
    Rule(events.ReleaseApproved, MessageKind.APPROVED, CONCERNED | {UNDECIDED}),
    Rule(events.ReleaseRejected, MessageKind.REJECTED, CONCERNED | {UNDECIDED}),
    Rule(events.ReleaseWithdrawn, MessageKind.WITHDRAWN, CONCERNED | {UNDECIDED}, _was_pending),
    Rule(
        events.ReleaseWithdrawn,
        MessageKind.WITHDRAWN,
        CONCERNED,
        lambda event: not _was_pending(event),
    ),
    Rule(events.ReleaseExpired, MessageKind.EXPIRED, CONCERNED | {UNDECIDED}),
    Rule(events.ReleaseOpened, MessageKind.OPENED, CONCERNED),
    Rule(events.ReleaseClosed, MessageKind.CLOSED, CONCERNED),
    Rule(events.ReleaseStopped, MessageKind.STOPPED, CONCERNED | {APPROVER}),
    Rule(events.QuotaReached, MessageKind.QUOTA, frozenset({REQUESTER, APPROVER})),
    # The only member of a new account is the one who created it.
    Rule(
        events.Administered,
        MessageKind.ADMINISTERED,
        frozenset({Audience.ADMINISTRATOR}),
        lambda event: not isinstance(event, events.AccountCreated),
    ),
)
#: Who is reminded, and who is notified that a window closes soon; time causes both, and no event.
NOTIFIED_OF_REMINDER = frozenset({UNDECIDED})
#: Who is notified that the requester of a pending release has been deactivated.
NOTIFIED_OF_ORPHANED = frozenset({APPROVER, PARTICIPANT})
NOTIFIED_OF_CLOSING = CONCERNED

_OF_ACCOUNT = t.users.c.account_id == sa.bindparam("account")
#: Who is notified in a capacity that a permission gives.
_PERMITTED = {
    Audience.ADMINISTRATOR: loading.permitted_users(Permission.MANAGE_ACCOUNT).where(_OF_ACCOUNT),
    Audience.KEYPAIR_MANAGER: loading.permitted_users(Permission.MANAGE_KEYPAIRS).where(
        _OF_ACCOUNT
    ),
}


def rules_for(event: events.Event) -> Iterator[Rule]:
    """Yield the rules that apply to an event."""
    for rule in RULES:
        if isinstance(event, rule.event) and (rule.when is None or rule.when(event)):
            yield rule


def before(release: Release, event: events.Event) -> Release | None:
    """Return the release with its people before an edit; None where they did not change."""
    if not isinstance(event, events.ReleaseRevised) or ROSTER_FIELDS.isdisjoint(event.changes):
        return None
    earlier = {name: event.changes[name][0] for name in ROSTER_FIELDS & event.changes.keys()}
    return replace(release, fields=replace(release.fields, **earlier))


def of_release(
    release: Release,
    audiences: Collection[Audience],
    context: ReleaseContext,
    before: Release | None = None,
    former: frozenset[UUID] = frozenset(),
) -> People:
    """Return the people of a release in some capacities: active ones who are no service users.

    Args:
        release: As it is stored.
        audiences: The capacities to notify.
        context: People and decisions around it.
        before: The release with its people before an edit.
        former: Who no longer takes part in it.
    """
    # An approver who requested or edited the release reads a different text, in whatever capacity.
    groups: dict[Audience, frozenset[UUID]] = {REQUESTER: frozenset({release.creator_id})}
    if PARTICIPANT in audiences:
        groups[PARTICIPANT] = context.participants_of(release)
    if APPROVER in audiences or UNDECIDED in audiences:
        eligible = context.approvers_of(release)
        groups[APPROVER] = eligible
        groups[Audience.EDITOR] = eligible & context.editors_of(release)
        groups[Audience.DECIDED_BEFORE] = eligible & context.earlier_deciders_of(release)
        # Only messages about the decision mention it.
        if UNDECIDED in audiences:
            groups[UNDECIDED] = eligible - {
                row.approver_id for row in context.decisions_of(release)
            }
    if Audience.DECIDED in audiences:
        groups[Audience.DECIDED] = context.deciders_of(release)
    if before is not None:
        groups[NEW_PARTICIPANT] = context.participants_of(release) - context.participants_of(before)
    if Audience.FORMER in audiences:
        groups[Audience.FORMER] = former
    return _reachable(groups, audiences, context.users)


def administrators(connection: Connection, account_id: UUID) -> People:
    """Return who manages the account."""
    return _permitted(connection, account_id, Audience.ADMINISTRATOR)


def keypair_managers(connection: Connection, account_id: UUID) -> People:
    """Return who manages the account's keypairs."""
    return _permitted(connection, account_id, Audience.KEYPAIR_MANAGER)


def _permitted(connection: Connection, account_id: UUID, audience: Audience) -> People:
    permitted = connection.execute(_PERMITTED[audience], {"account": account_id})
    user_ids = permitted.scalars().all()
    groups = {audience: frozenset(user_ids)}
    return _reachable(groups, groups, users_of(connection, user_ids))


def _reachable(
    groups: Mapping[Audience, frozenset[UUID]],
    audiences: Collection[Audience],
    users: Mapping[UUID, Row[Any]],
) -> People:
    user_ids = frozenset[UUID]().union(*(ids for who, ids in groups.items() if who in audiences))
    return {
        user_id: frozenset(who for who, ids in groups.items() if user_id in ids)
        for user_id in sorted(user_ids)
        if users[user_id].active and not users[user_id].service
    }
