"""Facts of many releases at once: what guards look at, in a constant number of statements."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from engine.facts import Actor, Facts, Policy, Release
from engine.persistence import loading
from engine.vocabulary import Status


def assemble(
    connection: Connection,
    now: datetime,
    policy: Policy,
    actor: Actor,
    releases: Collection[Release],
) -> dict[UUID, Facts]:
    """The facts of each release as it stands: its team, approvers, votes and editors."""
    account_id = policy.account_id
    team_ids = {release.fields.team_id for release in releases}
    named = {team_id for team_id in team_ids if team_id is not None}
    teams = loading.load_teams(connection, account_id, named)
    approvers = loading.load_approvers_of(connection, account_id, team_ids) if releases else {}
    pending = [release for release in releases if release.status is Status.PENDING]
    votes = loading.load_votes(connection, pending) if pending else {}
    editors = loading.load_editors(connection, pending) if pending else {}
    return {
        release.id: Facts(
            now=now,
            policy=policy,
            actor=actor,
            release=release,
            team=teams.get(release.fields.team_id) if release.fields.team_id else None,
            approver_ids=approvers[release.fields.team_id],
            votes=votes.get(release.id, ()),
            editor_ids=editors.get(release.id, frozenset()),
        )
        for release in releases
    }
