"""Change a team: its name, members, keypairs or quorum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.commands.administration.rule_breaks import shortages
from engine.commands.administration.validation import (
    clean_name,
    differences,
    quorum_of,
    replace_set,
    require_all,
    require_permission,
    require_placement,
    require_possible_quorum,
    require_quorum,
)
from engine.commands.command import Command
from engine.model.events import Changes, TeamUpdated
from engine.model.text import name_key, normalize
from engine.model.vocabulary import Permission
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class UpdateTeam(Command[UUID]):
    """Answers the team's id. What is None stays as it is; rounds under way keep their quorum."""

    command_name = "update_team"
    subject_kind = "Team"
    subject_field = "team_id"
    account_hold = Hold.ALONE

    team_id: UUID
    name: str | None = None
    member_ids: frozenset[UUID] | None = None
    keypair_ids: frozenset[UUID] | None = None
    required_approvals: int | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_TEAMS`; the credential covers what the members may do there."""
        require_permission(uow, Permission.MANAGE_TEAMS)
        before = self._before(uow)
        required = before["required_approvals"]
        quorum, short = quorum_of(uow, self.team_id, required), shortages(uow)
        changes = differences(before, self._asked(uow))
        self._require_placement(uow, changes)
        columns = {n: after for n, (_, after) in changes.items() if n in t.teams.c}
        if "name" in columns:
            columns["name_key"] = name_key(columns["name"])
        if columns:
            query = t.teams.update().where(t.teams.c.id == self.team_id)
            uow.connection.execute(query.values(**columns))
        owner = ("team_id", self.team_id)
        if "member_ids" in changes:
            replace_set(uow, t.team_members, owner, "user_id", changes["member_ids"][1])
        if "keypair_ids" in changes:
            replace_set(uow, t.team_keypairs, owner, "keypair_id", changes["keypair_ids"][1])
        if changes.keys() & {"member_ids", "required_approvals"}:
            required = columns.get("required_approvals", required)
            require_possible_quorum(quorum_of(uow, self.team_id, required), quorum)
        if changes:
            changes |= differences(short, shortages(uow))
            uow.record(TeamUpdated(subject_id=self.team_id, changes=changes))
        return self.team_id

    def _require_placement(self, uow: UnitOfWork, changes: Changes) -> None:
        """Of new members, and with new keypairs of all: these are theirs to use from now on."""
        kept, members = changes.get("member_ids", (frozenset(), frozenset()))
        require_placement(uow, Permission.MANAGE_TEAMS, members - kept, "member_ids")
        had, granted = changes.get("keypair_ids", (frozenset(), frozenset()))
        if granted - had:
            everybody = members or loading.column_set(
                uow.connection, t.team_members.c.user_id, team_id=self.team_id
            )
            require_placement(uow, Permission.MANAGE_TEAMS, everybody, "keypair_ids")

    def _before(self, uow: UnitOfWork) -> dict[str, Any]:
        team = loading.load_team(uow.connection, uow.account_id, self.team_id, "id")
        granted = loading.column_set(
            uow.connection, t.team_keypairs.c.keypair_id, team_id=self.team_id
        )
        return {
            "name": team.name,
            "member_ids": team.member_ids,
            "keypair_ids": granted,
            "required_approvals": team.required_approvals,
        }

    def _asked(self, uow: UnitOfWork) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        if self.name is not None:
            asked["name"] = clean_name(normalize(self.name), "name", "name")
        if self.member_ids is not None:
            require_all(uow, t.users, self.member_ids, "user", "member_ids")
            asked["member_ids"] = self.member_ids
        if self.keypair_ids is not None:
            require_all(uow, t.keypairs, self.keypair_ids, "keypair", "keypair_ids")
            asked["keypair_ids"] = self.keypair_ids
        if self.required_approvals is not None:
            require_quorum(self.required_approvals)
            asked["required_approvals"] = self.required_approvals
        return asked
