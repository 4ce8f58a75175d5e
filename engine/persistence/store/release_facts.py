"""Facts of many releases at once: what guards look at, in a constant number of statements."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from engine.model.facts import AccountSettings, Actor, Facts, Release, Team
from engine.model.vocabulary import Status
from engine.persistence.store import loading

#: What was edited then is still to be approved: by others, if it comes to that.
_UNAPPROVED = frozenset({Status.PENDING, Status.ACTIVE})


@dataclass(frozen=True, slots=True)
class Staff:
    """The teams of some releases and who can approve these; None stands for no team."""

    teams: Mapping[UUID, Team]
    approvers: Mapping[UUID | None, frozenset[UUID]]


def load_staff(connection: Connection, account_id: UUID, releases: Collection[Release]) -> Staff:
    """Of releases of one account."""
    team_ids = {release.fields.team_id for release in releases}
    named = {team_id for team_id in team_ids if team_id is not None}
    return Staff(
        teams=loading.load_teams(connection, account_id, named),
        approvers=loading.load_approvers_of(connection, account_id, team_ids) if releases else {},
    )


def assemble(
    connection: Connection,
    now: datetime,
    policy: AccountSettings,
    actor: Actor,
    releases: Collection[Release],
    staff: Staff | None = None,
) -> dict[UUID, Facts]:
    """The facts of each release as it stands: its team, approvers, votes and editors.

    `staff`: of their teams, where they are known already.
    """
    if staff is None:
        staff = load_staff(connection, policy.account_id, releases)
    pending = [release for release in releases if release.status is Status.PENDING]
    unapproved = [release for release in releases if release.status in _UNAPPROVED]
    votes = loading.load_votes(connection, pending) if pending else {}
    editors = loading.load_editors(connection, unapproved) if unapproved else {}
    return {
        release.id: Facts(
            now=now,
            policy=policy,
            actor=actor,
            release=release,
            team=staff.teams.get(release.fields.team_id) if release.fields.team_id else None,
            approver_ids=staff.approvers[release.fields.team_id],
            votes=votes.get(release.id, ()),
            editor_ids=editors.get(release.id, frozenset()),
        )
        for release in releases
    }


def with_facts_of_creation(
    connection: Connection, account_id: UUID, facts: Mapping[UUID, Facts]
) -> dict[UUID, Facts]:
    """The same with what the rules of creation look at besides: keypairs, inactive participants.

    Two statements at most, for any number of releases.
    """
    fields = {id_: one.subject.fields for id_, one in facts.items()}
    keypair_ids = frozenset[UUID]().union(*(one.keypair_ids for one in fields.values()))
    user_ids = frozenset[UUID]().union(*(one.participant_ids for one in fields.values()))
    found = loading.load_keypairs(connection, account_id, keypair_ids) if keypair_ids else ()
    keypairs = {keypair.id: keypair for keypair in found}
    inactive = loading.load_inactive(connection, user_ids)
    return {
        id_: replace(
            one,
            keypairs=tuple(keypairs[key] for key in sorted(fields[id_].keypair_ids)),
            inactive_ids=fields[id_].participant_ids & inactive,
        )
        for id_, one in facts.items()
    }
