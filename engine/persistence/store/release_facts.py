"""Facts of many releases at once: what guards look at, in a constant number of statements."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from engine.model.facts import AccountSettings, Actor, Facts, Release
from engine.model.vocabulary import Status
from engine.persistence.store import loading

#: Edits of releases in these statuses are still to be approved, perhaps by others.
_UNAPPROVED = frozenset({Status.PENDING, Status.ACTIVE})


def assemble(
    connection: Connection,
    now: datetime,
    settings: AccountSettings,
    actor: Actor,
    releases: Collection[Release],
    team_facts: loading.TeamFacts | None = None,
) -> dict[UUID, Facts]:
    """The facts of each release as it stands: its team, approvers, votes and editors.

    `team_facts`: of their teams, if they are loaded already.
    """
    if team_facts is None:
        team_ids = {release.fields.team_id for release in releases}
        team_facts = loading.load_team_facts(connection, settings.account_id, team_ids)
    pending = [release for release in releases if release.status is Status.PENDING]
    unapproved = [release for release in releases if release.status in _UNAPPROVED]
    votes = loading.load_votes(connection, pending) if pending else {}
    editors = loading.load_editors(connection, unapproved) if unapproved else {}
    return {
        release.id: Facts(
            now=now,
            settings=settings,
            actor=actor,
            release=release,
            team=team_facts.teams.get(release.fields.team_id) if release.fields.team_id else None,
            approver_ids=team_facts.approvers[release.fields.team_id],
            votes=votes.get(release.id, ()),
            editor_ids=editors.get(release.id, frozenset()),
        )
        for release in releases
    }


def with_creation_facts(
    connection: Connection, account_id: UUID, facts: Mapping[UUID, Facts]
) -> dict[UUID, Facts]:
    """Add what the rules of creation look at besides: keypairs and inactive participants.

    Two statements at most, for any number of releases.
    """
    fields = {id_: f.subject.fields for id_, f in facts.items()}
    keypair_ids = frozenset[UUID]().union(*(f.keypair_ids for f in fields.values()))
    user_ids = frozenset[UUID]().union(*(f.participant_ids for f in fields.values()))
    loaded = loading.load_keypairs(connection, account_id, keypair_ids) if keypair_ids else ()
    keypairs = {keypair.id: keypair for keypair in loaded}
    inactive = loading.load_inactive(connection, user_ids)
    return {
        id_: replace(
            release_facts,
            keypairs=tuple(keypairs[key] for key in sorted(fields[id_].keypair_ids)),
            inactive_ids=fields[id_].participant_ids & inactive,
        )
        for id_, release_facts in facts.items()
    }
