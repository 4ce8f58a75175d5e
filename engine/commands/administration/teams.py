"""Create and change a team."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
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
    refuse,
    require_keypairs,
    require_permission,
    require_placement,
    require_users,
)
from engine.commands.command import Command
from engine.model.events import Changes, TeamCreated, TeamUpdated
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
        name = clean_name(normalize(self.name), "name", "name")
        require_quorum(self.required_approvals)
        require_users(uow, self.member_ids, "member_ids")
        require_keypairs(uow, self.keypair_ids, "keypair_ids")
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
class UpdateTeam(Command[UUID]):
    """Change a team; returns its id. What is None stays as it is.

    Releases that await approval already keep the number of approvals that they were requested with.
    """

    command_name = "update_team"
    subject_kind = "Team"
    subject_field = "team_id"
    account_hold = Hold.EXCLUSIVE

    team_id: UUID
    name: str | None = None
    member_ids: frozenset[UUID] | None = None
    keypair_ids: frozenset[UUID] | None = None
    required_approvals: int | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_TEAMS`; the credential covers what the members may do there.

        To require fewer approvals it has to cover `APPROVE_RELEASE`.
        """
        require_permission(uow, Permission.MANAGE_TEAMS)
        before = self._load_values(uow)
        required = before["required_approvals"]
        quorum_before = quorum_of(uow, self.team_id, required)
        shortages_before = shortages(uow)
        changes = differences(before, self._new_values(uow))
        self._require_placement(uow, changes)
        required_before, required_after = changes.get("required_approvals", (0, 0))
        if required_after < required_before:
            # As where the account's number is lowered: fewer people decide for all of them.
            approving = frozenset({Permission.APPROVE_RELEASE})
            refuse(refuse_placement(uow.actor, approving, "required_approvals"))
        teams.update_team(uow, self.team_id, {name: after for name, (_, after) in changes.items()})
        if changes.keys() & {"member_ids", "required_approvals"}:
            _, required = changes.get("required_approvals", (None, required))
            require_possible_quorum(quorum_of(uow, self.team_id, required), quorum_before)
        if changes:
            changes |= differences(shortages_before, shortages(uow))
            uow.record(TeamUpdated(subject_id=self.team_id, changes=changes))
        return self.team_id

    def _require_placement(self, uow: UnitOfWork, changes: Changes) -> None:
        """Ask it of new members, and with new keypairs of all, who may use these from now on."""
        members_before, members = changes.get("member_ids", (frozenset(), frozenset()))
        require_placement(uow, Permission.MANAGE_TEAMS, members - members_before, "member_ids")
        keypairs_before, keypairs = changes.get("keypair_ids", (frozenset(), frozenset()))
        if keypairs - keypairs_before:
            everybody = members or teams.load_member_ids(uow, self.team_id)
            require_placement(uow, Permission.MANAGE_TEAMS, everybody, "keypair_ids")

    def _load_values(self, uow: UnitOfWork) -> dict[str, Any]:
        team = loading.load_team(uow.connection, uow.account_id, self.team_id, "id")
        return {
            "name": team.name,
            "member_ids": team.member_ids,
            "keypair_ids": teams.load_keypair_ids(uow, self.team_id),
            "required_approvals": team.required_approvals,
        }

    def _new_values(self, uow: UnitOfWork) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if self.name is not None:
            values["name"] = clean_name(normalize(self.name), "name", "name")
        if self.member_ids is not None:
            require_users(uow, self.member_ids, "member_ids")
            values["member_ids"] = self.member_ids
        if self.keypair_ids is not None:
            require_keypairs(uow, self.keypair_ids, "keypair_ids")
            values["keypair_ids"] = self.keypair_ids
        if self.required_approvals is not None:
            require_quorum(self.required_approvals)
            values["required_approvals"] = self.required_approvals
        return values
