"""Who is told what: THE table of spec section 6, and the look-up of the people it names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine import events as happened
from engine.facts import Release
from engine.persistence import loading
from engine.persistence import tables as t
from engine.vocabulary import Permission, Status
from notifications.vocabulary import Audience, Kind

People: TypeAlias = dict[UUID, frozenset[Audience]]

REQUESTER, PARTICIPANT = Audience.REQUESTER, Audience.PARTICIPANT
APPROVER, UNDECIDED = Audience.APPROVER, Audience.UNDECIDED
CONCERNED = frozenset({REQUESTER, PARTICIPANT})
#: What is in people's calendars.
WINDOW = frozenset({"starts_at", "ends_at"})


@dataclass(frozen=True, slots=True)
class Rule:
    """An event, the message it causes, and for whom; `when` narrows the event further."""

    event: type[happened.Event]
    kind: Kind
    told: frozenset[Audience]
    when: Callable[[Any], bool] | None = None


def _awaits_approval(event: happened.Event) -> bool:
    return event.to_status is Status.PENDING


def _was_pending(event: happened.Event) -> bool:
    return event.from_status is Status.PENDING


def _moves_what_was_announced(event: happened.ReleaseRevised) -> bool:
    announced = event.from_status in {Status.APPROVED, Status.IN_PROGRESS}
    return announced and (event.asks_anew or not WINDOW.isdisjoint(event.changes))


def _keeps_its_approval(event: happened.ReleaseRevised) -> bool:
    return event.widened or (event.material and event.to_status is Status.APPROVED)


#: Every row whose event and condition fit counts; who is named by several is told by the first.
RULES: tuple[Rule, ...] = (
    Rule(happened.ReleaseRequested, Kind.REQUEST, frozenset({APPROVER}), _awaits_approval),
    Rule(
        happened.ReleaseRequested,
        Kind.APPROVED,
        CONCERNED,
        lambda event: event.to_status is Status.APPROVED,
    ),
    Rule(
        happened.ReleaseRevised,
        Kind.REQUEST,
        frozenset({APPROVER}),
        lambda event: event.asks_anew,
    ),
    Rule(
        happened.ReleaseRevised,
        Kind.NOT_NEEDED,
        frozenset({APPROVER}),
        lambda event: _was_pending(event) and not _awaits_approval(event),
    ),
    Rule(happened.ReleaseRevised, Kind.REVISED, frozenset({APPROVER}), _keeps_its_approval),
    # Their calendars follow.
    Rule(happened.ReleaseRevised, Kind.REVISED, CONCERNED, _moves_what_was_announced),
    Rule(happened.ReleaseApproved, Kind.APPROVED, CONCERNED | {UNDECIDED}),
    Rule(happened.ReleaseRejected, Kind.REJECTED, CONCERNED | {UNDECIDED}),
    Rule(happened.ReleaseWithdrawn, Kind.WITHDRAWN, CONCERNED | {UNDECIDED}, _was_pending),
    Rule(
        happened.ReleaseWithdrawn,
        Kind.WITHDRAWN,
        CONCERNED,
        lambda event: not _was_pending(event),
    ),
    Rule(happened.ReleaseExpired, Kind.EXPIRED, CONCERNED | {UNDECIDED}),
    Rule(happened.ReleaseOpened, Kind.OPENED, CONCERNED),
    Rule(happened.ReleaseClosed, Kind.CLOSED, CONCERNED),
    Rule(happened.ReleaseStopped, Kind.STOPPED, CONCERNED | {APPROVER}),
    Rule(happened.QuotaReached, Kind.QUOTA, frozenset({REQUESTER, APPROVER})),
    # A new account has nobody to tell but whoever made it.
    Rule(
        happened.Administered,
        Kind.ADMINISTERED,
        frozenset({Audience.ADMINISTRATOR}),
        lambda event: not isinstance(event, happened.AccountCreated),
    ),
)
#: What time causes and no event says: reminders, and that a window closes soon.
REMINDED = frozenset({UNDECIDED})
CLOSING_SOON = CONCERNED


def rules_for(event: happened.Event) -> Iterator[Rule]:
    """The rows that apply."""
    for rule in RULES:
        if isinstance(event, rule.event) and (rule.when is None or rule.when(event)):
            yield rule


def of_release(connection: Connection, release: Release, told: Collection[Audience]) -> People:
    """The people of a release in these capacities; only active ones, and no service users."""
    # Told or not as such, a requester who is also an approver reads different words.
    groups: dict[Audience, frozenset[UUID]] = {REQUESTER: frozenset({release.creator_id})}
    if PARTICIPANT in told:
        groups[PARTICIPANT] = _participants(connection, release)
    if APPROVER in told or UNDECIDED in told:
        eligible = loading.load_approvers(connection, release.account_id, release.fields.team_id)
        votes = loading.load_votes(connection, [release]).get(release.id, ())
        groups[APPROVER] = eligible
        groups[UNDECIDED] = eligible - {vote.approver_id for vote in votes}
    return _reachable(connection, groups, told)


def administrators(connection: Connection, account_id: UUID) -> People:
    """Who manages the account."""
    query = loading.permitted_users(Permission.MANAGE_ACCOUNT).where(
        t.users.c.account_id == account_id
    )
    ids = frozenset(connection.execute(query).scalars().all())
    groups = {Audience.ADMINISTRATOR: ids}
    return _reachable(connection, groups, groups)


def _participants(connection: Connection, release: Release) -> frozenset[UUID]:
    team_id = release.fields.team_id
    if team_id is None:
        return release.fields.participant_ids
    return loading.column_set(connection, t.team_members.c.user_id, team_id=team_id)


def _reachable(
    connection: Connection, groups: dict[Audience, frozenset[UUID]], told: Collection[Audience]
) -> People:
    wanted = frozenset[UUID]().union(*(ids for who, ids in groups.items() if who in told))
    if not wanted:
        return {}
    u = t.users
    query = sa.select(u.c.id).where(u.c.id.in_(sorted(wanted)), u.c.active, ~u.c.service)
    reachable = connection.execute(query.order_by(u.c.id)).scalars().all()
    return {
        user_id: frozenset(who for who, ids in groups.items() if user_id in ids)
        for user_id in reachable
    }
