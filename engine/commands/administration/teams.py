"""Create and change a team, and add and remove its members."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from engine.commands.administration.quorum import (
    quorum_of,
    require_possible_quorum,
    require_quorum,
)
from engine.commands.administration.rule_breaks import shortages
from engine.commands.administration.validation import (
    clean_name,
    differences,
    require_keypairs,
    require_permission,
    require_placement,
    require_users,
)
from engine.commands.command import Command
from engine.model.errors import Faults, RevisionConflict, refuse
from engine.model.events import Changes, TeamCreated, TeamUpdated
from engine.model.facts import Team
from engine.model.grants import refuse_placement
from engine.model.text import normalize
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store import loading
from engine.persistence.store.administration import teams
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class CreateTeam(Command[UUID]):
    """Create a team with its members and keypairs; returns its id."""

    command_name = "create_team"
    detail_fields = ("name",)
    account_hold = Hold.EXCLUSIVE

    name: str
    member_ids: frozenset[UUID]
    keypair_ids: frozenset[UUID] = frozenset()
    required_approvals: int = 1

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_TEAMS`; the credential covers what the members may do there."""
        require_permission(uow, Permission.MANAGE_TEAMS)
        faults = Faults()
        with faults:
            name = clean_name(normalize(self.name), "name", "name")
        with faults:
            require_quorum(self.required_approvals)
        with faults:
            require_users(uow, self.member_ids, "member_ids")
        with faults:
            require_keypairs(uow, self.keypair_ids, "keypair_ids")
        faults.refuse()
        require_placement(uow, Permission.MANAGE_TEAMS, self.member_ids, "member_ids")
        team_id = uuid7()
        values: dict[str, Any] = {
            "member_ids": self.member_ids,
            "keypair_ids": self.keypair_ids,
            "required_approvals": self.required_approvals,
        }
        teams.insert_team(uow, team_id, name, **values)
        require_possible_quorum(quorum_of(uow, team_id, self.required_approvals))
        changes = {field: (None, value) for field, value in {"name": name, **values}.items()}
        uow.record(TeamCreated(subject_id=team_id, changes=changes))
        return team_id


@dataclass(frozen=True, kw_only=True)
class TeamChange(Command[UUID], ABC):
    """A change of a team; returns its id.

    Releases that await approval already keep the number of approvals that they were requested with.
    """

    subject_kind = "Team"
    subject_field = "team_id"
    account_hold = Hold.EXCLUSIVE
    #: The input that names members.
    members_field: ClassVar[str] = "member_ids"

    team_id: UUID

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_TEAMS`; the credential covers what the members may do there.

        To require fewer approvals it has to cover `APPROVE_RELEASE`.
        """
        require_permission(uow, Permission.MANAGE_TEAMS)
        team = loading.load_team(uow.connection, uow.account_id, self.team_id, "id")
        quorum_before = quorum_of(uow, team.id, team.required_approvals)
        shortages_before = shortages(uow)
        changes = differences(self._present_values(uow, team), self.new_values(uow, team))
        self._require_placement(uow, changes)
        _, required = changes.get("required_approvals", (None, team.required_approvals))
        if required < team.required_approvals:
            # As where the account's number is lowered: fewer people decide for all of them.
            approving = frozenset({Permission.APPROVE_RELEASE})
            refuse(refuse_placement(uow.actor, approving, "required_approvals"))
        teams.update_team(uow, team.id, {name: after for name, (_, after) in changes.items()})
        if changes.keys() & {"member_ids", "required_approvals"}:
            require_possible_quorum(quorum_of(uow, team.id, required), quorum_before)
        if changes:
            changes |= differences(shortages_before, shortages(uow))
            uow.record(TeamUpdated(subject_id=team.id, changes=changes))
        return team.id

    @abstractmethod
    def new_values(self, uow: UnitOfWork, team: Team) -> dict[str, Any]:
        """Return what the team is to have, by the names of the ledger; the rest stays.

        Raises:
            Refusal: The values are not valid, or the team is not the one that was looked at.
        """

    def _require_placement(self, uow: UnitOfWork, changes: Changes) -> None:
        """Ask it of new members, and with new keypairs of all, who may use these from now on."""
        members_before, members = changes.get("member_ids", (frozenset(), frozenset()))
        joining = members - members_before
        require_placement(uow, Permission.MANAGE_TEAMS, joining, self.members_field)
        keypairs_before, keypairs = changes.get("keypair_ids", (frozenset(), frozenset()))
        if keypairs - keypairs_before:
            everybody = members or teams.load_member_ids(uow, self.team_id)
            require_placement(uow, Permission.MANAGE_TEAMS, everybody, "keypair_ids")

    def _present_values(self, uow: UnitOfWork, team: Team) -> dict[str, Any]:
        return {
            "name": team.name,
            "member_ids": team.member_ids,
            "keypair_ids": teams.load_keypair_ids(uow, team.id),
            "required_approvals": team.required_approvals,
        }


@dataclass(frozen=True, kw_only=True)
class UpdateTeam(TeamChange):
    """Change a team; returns its id. What is None stays as it is."""

    command_name = "update_team"

    name: str | None = None
    member_ids: frozenset[UUID] | None = None
    keypair_ids: frozenset[UUID] | None = None
    required_approvals: int | None = None
    #: The revision that the change is based on; None: whatever the team is by now.
    revision: int | None = None

    def new_values(self, uow: UnitOfWork, team: Team) -> dict[str, Any]:
        """Return those that are not None; refuses REVISION_CONFLICT."""
        if self.revision not in {None, team.revision}:
            message = (
                f"The team was changed since: it is at revision {team.revision} now."
                " Look at it again and change that."
            )
            raise RevisionConflict(message, team.id)
        names = ("member_ids", "keypair_ids", "required_approvals")
        values = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        faults = Faults()
        if self.name is not None:
            with faults:
                values["name"] = clean_name(normalize(self.name), "name", "name")
        with faults:
            require_users(uow, self.member_ids or (), "member_ids")
        with faults:
            require_keypairs(uow, self.keypair_ids or (), "keypair_ids")
        if self.required_approvals is not None:
            with faults:
                require_quorum(self.required_approvals)
        faults.refuse()
        return values


@dataclass(frozen=True, kw_only=True)
class AddTeamMembers(TeamChange):
    """Add users to a team, whoever else joined or left it meanwhile; returns the team's id."""

    command_name = "add_team_members"
    members_field = "user_ids"

    user_ids: frozenset[UUID]

    def new_values(self, uow: UnitOfWork, team: Team) -> dict[str, Any]:
        """Return the members with the new ones; those who are members already stay so."""
        require_users(uow, self.user_ids, self.members_field)
        return {"member_ids": team.member_ids | self.user_ids}


@dataclass(frozen=True, kw_only=True)
class RemoveTeamMembers(TeamChange):
    """Remove users from a team, whoever else joined or left it meanwhile; returns its id."""

    command_name = "remove_team_members"
    members_field = "user_ids"

    user_ids: frozenset[UUID]

    def new_values(self, uow: UnitOfWork, team: Team) -> dict[str, Any]:
        """Return the members without these; users who are no members make no difference."""
        require_users(uow, self.user_ids, self.members_field)
        return {"member_ids": team.member_ids - self.user_ids}
