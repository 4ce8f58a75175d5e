"""Who is told what: THE table of spec section 6, and the look-up of the people it names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.model import events as happened
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
#: The fields that say who may sign.
ROSTER = frozenset({"team_id", "participant_ids"})
#: What was announced and is planned by.
WINDOW = frozenset({"starts_at", "ends_at"})
#: Whatever changes a release's window or how sure it is.
MOVING: tuple[type[happened.ReleaseEvent], ...] = (
    happened.ReleaseRevised,
    happened.ReleaseApproved,
    happened.ReleaseRejected,
    happened.ReleaseWithdrawn,
    happened.ReleaseExpired,
    happened.ReleaseOpened,
    happened.ReleaseClosed,
    happened.ReleaseStopped,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """An event, the message it causes, and for whom; `when` narrows the event further."""

    event: type[happened.Event]
    kind: MessageKind
    told: frozenset[Audience]
    when: Callable[[Any], bool] | None = None
    #: Only those whose calendar shows something else by now.
    outdated_only: bool = False
    #: Not whoever did it.
    except_actor: bool = False


def _awaits_approval(event: happened.Event) -> bool:
    return event.to_status is Status.PENDING


def _was_pending(event: happened.Event) -> bool:
    return event.from_status is Status.PENDING


def _touches_labels_only(event: happened.ReleaseRevised) -> bool:
    return not event.material


def _was_announced(event: happened.ReleaseRevised) -> bool:
    return event.from_status in {Status.APPROVED, Status.IN_PROGRESS}


def _moves_what_was_announced(event: happened.ReleaseRevised) -> bool:
    moved = event.asks_anew or not WINDOW.isdisjoint(event.changes)
    return moved and _was_announced(event)


def _is_not_over(event: happened.ReleaseEvent) -> bool:
    return event.from_status not in FINAL


def _keeps_its_approval(event: happened.ReleaseRevised) -> bool:
    return event.widened or (event.material and event.to_status is Status.APPROVED)


#: Every row whose event and condition fit counts; who is named by several is told by the first.
RULES: tuple[Rule, ...] = (
    Rule(happened.ReleaseRequested, MessageKind.REQUEST, frozenset({APPROVER}), _awaits_approval),
    Rule(
        happened.ReleaseRequested,
        MessageKind.APPROVED,
        CONCERNED,
        lambda event: event.to_status is Status.APPROVED,
    ),
    Rule(
        happened.ReleaseRevised,
        MessageKind.REQUEST,
        frozenset({APPROVER}),
        lambda event: event.asks_anew,
    ),
    Rule(
        happened.ReleaseRevised,
        MessageKind.NOT_NEEDED,
        frozenset({APPROVER}),
        lambda event: _was_pending(event) and not _awaits_approval(event),
    ),
    Rule(happened.ReleaseRevised, MessageKind.REVISED, frozenset({APPROVER}), _keeps_its_approval),
    Rule(happened.ReleaseRevised, MessageKind.REVISED, CONCERNED, _moves_what_was_announced),
    Rule(
        happened.ReleaseRevised, MessageKind.REVISED, frozenset({NEW_PARTICIPANT}), _was_announced
    ),
    Rule(
        happened.ReleaseRevised,
        MessageKind.REVISED,
        frozenset({REQUESTER}),
        _was_pending,
        except_actor=True,
    ),
    Rule(
        happened.ReleaseRevised,
        MessageKind.REVISED,
        frozenset({Audience.DECIDED}),
        _touches_labels_only,
        except_actor=True,
    ),
    # Calendars follow, whatever was announced to whom.
    Rule(happened.ReleaseRevised, MessageKind.REVISED, CONCERNED, _is_not_over, outdated_only=True),
    *(
        Rule(event, MessageKind.LEFT, frozenset({Audience.FORMER}), _is_not_over)
        for event in MOVING
    ),
    Rule(happened.ReleaseApproved, MessageKind.APPROVED, CONCERNED | {UNDECIDED}),
    Rule(happened.ReleaseRejected, MessageKind.REJECTED, CONCERNED | {UNDECIDED}),
    Rule(happened.ReleaseWithdrawn, MessageKind.WITHDRAWN, CONCERNED | {UNDECIDED}, _was_pending),
    Rule(
        happened.ReleaseWithdrawn,
        MessageKind.WITHDRAWN,
        CONCERNED,
        lambda event: not _was_pending(event),
    ),
    Rule(happened.ReleaseExpired, MessageKind.EXPIRED, CONCERNED | {UNDECIDED}),
    Rule(happened.ReleaseOpened, MessageKind.OPENED, CONCERNED),
    Rule(happened.ReleaseClosed, MessageKind.CLOSED, CONCERNED),
    Rule(happened.ReleaseStopped, MessageKind.STOPPED, CONCERNED | {APPROVER}),
    Rule(happened.QuotaReached, MessageKind.QUOTA, frozenset({REQUESTER, APPROVER})),
    # A new account has nobody to tell but whoever made it.
    Rule(
        happened.Administered,
        MessageKind.ADMINISTERED,
        frozenset({Audience.ADMINISTRATOR}),
        lambda event: not isinstance(event, happened.AccountCreated),
    ),
)
#: What time causes and no event says: reminders, and that a window closes soon.
REMINDED = frozenset({UNDECIDED})
#: Who hears that the requester of a pending release has been deactivated.
LEFT_BEHIND = frozenset({APPROVER, PARTICIPANT})
CLOSING_SOON = CONCERNED

_ADMINISTRATORS = loading.permitted_users(Permission.MANAGE_ACCOUNT).where(
    t.users.c.account_id == sa.bindparam("account")
)


def rules_for(event: happened.Event) -> Iterator[Rule]:
    """The rows that apply."""
    for rule in RULES:
        if isinstance(event, rule.event) and (rule.when is None or rule.when(event)):
            yield rule


def before(release: Release, event: happened.Event) -> Release | None:
    """The release with the people it was for before an edit; None where those stayed."""
    if not isinstance(event, happened.ReleaseRevised) or ROSTER.isdisjoint(event.changes):
        return None
    was = {name: event.changes[name][0] for name in ROSTER & event.changes.keys()}
    return replace(release, fields=replace(release.fields, **was))


def of_release(
    release: Release,
    told: Collection[Audience],
    around: ReleaseContext,
    before: Release | None = None,
    former: frozenset[UUID] = frozenset(),
) -> People:
    """The people of a release in these capacities; only active ones, and no service users.

    `before`: with the people it was for before an edit; `former`: who takes no part any more.
    """
    # Told or not as such, an approver who requested or edited it reads different words.
    groups: dict[Audience, frozenset[UUID]] = {REQUESTER: frozenset({release.creator_id})}
    if PARTICIPANT in told:
        groups[PARTICIPANT] = around.participants_of(release)
    if APPROVER in told or UNDECIDED in told:
        eligible = around.approvers_of(release)
        groups[APPROVER] = eligible
        groups[Audience.EDITOR] = eligible & around.editors_of(release)
        groups[Audience.DECIDED_BEFORE] = eligible & around.earlier_deciders_of(release)
        # Only where it is about the decision: of anything else that happens it says nothing.
        if UNDECIDED in told:
            groups[UNDECIDED] = eligible - {row.approver_id for row in around.decisions_of(release)}
    if Audience.DECIDED in told:
        groups[Audience.DECIDED] = around.deciders_of(release)
    if before is not None:
        groups[NEW_PARTICIPANT] = around.participants_of(release) - around.participants_of(before)
    if Audience.FORMER in told:
        groups[Audience.FORMER] = former
    return _reachable(groups, told, around.users)


def administrators(connection: Connection, account_id: UUID) -> People:
    """Who manages the account."""
    found = connection.execute(_ADMINISTRATORS, {"account": account_id}).scalars().all()
    groups = {Audience.ADMINISTRATOR: frozenset(found)}
    return _reachable(groups, groups, users_of(connection, found))


def _reachable(
    groups: Mapping[Audience, frozenset[UUID]],
    told: Collection[Audience],
    users: Mapping[UUID, Row[Any]],
) -> People:
    wanted = frozenset[UUID]().union(*(ids for who, ids in groups.items() if who in told))
    return {
        user_id: frozenset(who for who, ids in groups.items() if user_id in ids)
        for user_id in sorted(wanted)
        if users[user_id].active and not users[user_id].service
    }
