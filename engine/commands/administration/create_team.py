"""Make a team."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from engine.commands.administration.validation import (
    clean_name,
    quorum_of,
    replace_set,
    require_all,
    require_permission,
    require_placement,
    require_possible_quorum,
    require_quorum,
)
from engine.commands.command import Command
from engine.model.events import TeamCreated
from engine.model.text import name_key, normalize
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class CreateTeam(Command[UUID]):
    """Answers the new team's id."""

    command_name = "create_team"
    detail_fields = ("name",)
    account_hold = Hold.ALONE

    name: str
    member_ids: frozenset[UUID]
    keypair_ids: frozenset[UUID] = frozenset()
    required_approvals: int = 1

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_TEAMS`; the credential covers what the members may do there."""
        require_permission(uow, Permission.MANAGE_TEAMS)
        name = clean_name(normalize(self.name), "name", "name")
        require_quorum(self.required_approvals)
        require_all(uow, t.users, self.member_ids, "user", "member_ids")
        require_all(uow, t.keypairs, self.keypair_ids, "keypair", "keypair_ids")
        require_placement(uow, Permission.MANAGE_TEAMS, self.member_ids, "member_ids")
        team_id = uuid7()
        uow.connection.execute(
            t.teams.insert().values(
                id=team_id,
                account_id=uow.account_id,
                name=name,
                name_key=name_key(name),
                required_approvals=self.required_approvals,
                created_at=uow.now,
            )
        )
        replace_set(uow, t.team_members, ("team_id", team_id), "user_id", self.member_ids)
        replace_set(uow, t.team_keypairs, ("team_id", team_id), "keypair_id", self.keypair_ids)
        require_possible_quorum(quorum_of(uow, team_id, self.required_approvals))
        changes = {
            "name": (None, name),
            "member_ids": (None, self.member_ids),
            "keypair_ids": (None, self.keypair_ids),
            "required_approvals": (None, self.required_approvals),
        }
        uow.record(TeamCreated(subject_id=team_id, changes=changes))
        return team_id
