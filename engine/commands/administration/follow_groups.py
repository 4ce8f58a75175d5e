"""Give somebody who signs in the roles and teams that the operator's rules say of their groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.commands.administration.administrators import require_an_administrator
from engine.commands.administration.rule_breaks import shortages
from engine.commands.administration.validation import differences, require_in_person
from engine.commands.command import Command
from engine.commands.standing import require_active_since, require_identity
from engine.model.errors import Code, Refusal
from engine.model.events import TeamUpdated, UserUpdated
from engine.model.facts import OPERATOR
from engine.model.group_rules import Memberships
from engine.model.text import lookup_key
from engine.persistence.store.administration import roles, teams, users
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class FollowGroups(Command[tuple[str, ...]]):
    """Change the roles and teams of the principal to what rules say; returns unknown names.

    The rules are the operator's, so no permission is asked for and no grant is compared. They give
    and take what they name, and nothing else; the last administrator keeps every role. A team may
    fall short of its quorum by it, as when somebody is deactivated: the entry names it.
    """

    command_name = "follow_groups"
    detail_fields = ("source",)
    #: Of two at once one waits; and nobody else changes people meanwhile.
    account_hold = Hold.EXCLUSIVE

    #: What the sign-in service is called, for the ledger.
    source: str
    roles: Memberships
    teams: Memberships
    #: When the sign-in began that proved the groups.
    begun_at: datetime
    #: The identity at the sign-in service that proved them.
    identity_id: UUID | None = None

    def apply(self, uow: UnitOfWork) -> tuple[str, ...]:
        """Needs a principal who has just proved who they are."""
        require_in_person(uow)
        require_active_since(uow, self.begun_at)
        require_identity(uow, self.identity_id)
        user_id = uow.actor.user_id
        assert user_id is not None
        role_keys = {
            row.name_key: row.id for row in roles.roles_with_keys(uow, _keys(self.roles.ruled))
        }
        team_keys = teams.load_ids_by_name_key(uow, _keys(self.teams.ruled))
        self._follow_roles(uow, user_id, role_keys)
        self._follow_teams(uow, user_id, team_keys)
        known = role_keys.keys() | team_keys.keys()
        ruled = self.roles.ruled | self.teams.ruled
        return tuple(sorted(name for name in ruled if lookup_key(name) not in known))

    def _follow_roles(self, uow: UnitOfWork, user_id: UUID, ids: Mapping[str, UUID]) -> None:
        before = roles.roles_of_user(uow, user_id)
        granted = _ids_of(self.roles.granted, ids)
        after = (frozenset(before.values()) - frozenset(ids.values())) | granted
        if after == frozenset(before.values()):
            return
        shortages_before, had_appointer = shortages(uow), users.has_appointer(uow)
        users.replace_roles(uow, user_id, after)
        try:
            require_an_administrator(uow, had_appointer=had_appointer)
        except Refusal as refusal:
            if refusal.code is not Code.LAST_ADMINISTRATOR:
                raise
            users.replace_roles(uow, user_id, after | frozenset(before.values()))
        names = {"roles": sorted(roles.roles_of_user(uow, user_id))}
        changes = differences({"roles": sorted(before)}, names)
        if changes:
            changes |= differences(shortages_before, shortages(uow))
            event = UserUpdated(subject_id=user_id, reason=self._reason, changes=changes)
            uow.record(event, actor=OPERATOR)

    def _follow_teams(self, uow: UnitOfWork, user_id: UUID, ids: Mapping[str, UUID]) -> None:
        granted = _ids_of(self.teams.granted, ids)
        for team_id in sorted(ids.values()):
            before = teams.load_member_ids(uow, team_id)
            after = before | {user_id} if team_id in granted else before - {user_id}
            if after == before:
                continue
            shortages_before = shortages(uow)
            teams.update_team(uow, team_id, {"member_ids": after})
            changes = {
                "member_ids": (before, after),
                **differences(shortages_before, shortages(uow)),
            }
            event = TeamUpdated(subject_id=team_id, reason=self._reason, changes=changes)
            uow.record(event, actor=OPERATOR)

    @property
    def _reason(self) -> str:
        return f"Groups at {self.source}, by the rules of the operator."


def _keys(names: frozenset[str]) -> frozenset[str]:
    return frozenset(map(lookup_key, names))


def _ids_of(names: frozenset[str], ids: Mapping[str, UUID]) -> frozenset[UUID]:
    keys = _keys(names)
    return frozenset(id_ for key, id_ in ids.items() if key in keys)
