"""What an identity provider does with people and teams (SCIM), by the rules for everybody else.

Each command is made of the commands that administrators give, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.commands.administration.teams import CreateTeam, UpdateTeam
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.administration.validation import require_permission
from engine.commands.command import Command
from engine.model import addresses
from engine.model.directory import DirectoryTeam, DirectoryUser, Lookup, version_of
from engine.model.errors import Code, Faults, Refusal, not_found, refuse
from engine.model.text import check_name
from engine.model.vocabulary import Permission
from engine.persistence.store.administration import directory
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class AddDirectoryUser(Command[UUID]):
    """Add a person; returns their id.

    Somebody with this address whom the provider deleted before is activated again.
    """

    command_name = "add_directory_user"
    detail_fields = ("email",)
    account_hold = Hold.EXCLUSIVE

    email: str
    name: str
    external_id: str | None
    roles: tuple[str, ...]
    active: bool
    time_zone: str
    locale: str

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs what `CreateUser` and `UpdateUser` need."""
        require_permission(uow, Permission.MANAGE_USERS)
        faults = Faults()
        with faults:
            _require_external_id(self.external_id)
        with faults:
            user_id = self._store_user(uow)
        faults.refuse()
        directory.write_user_entry(uow, user_id, external_id=self.external_id, removed_at=None)
        return user_id

    def _store_user(self, uow: UnitOfWork) -> UUID:
        values: dict[str, Any] = {
            "name": self.name,
            "time_zone": self.time_zone,
            "locale": self.locale,
        }
        address = addresses.parse(self.email)
        user_id = directory.find_removed_user(uow, address) if address is not None else None
        if user_id is not None:
            update = UpdateUser(user_id=user_id, roles=self.roles, active=self.active, **values)
            return update.apply(uow)
        user_id = CreateUser(email=self.email, roles=self.roles, **values).apply(uow)
        if not self.active:
            UpdateUser(user_id=user_id, active=False).apply(uow)
        return user_id


@dataclass(frozen=True, kw_only=True)
class ChangeDirectoryUser(Command[UUID]):
    """Change a person; returns their id. What is None stays as it is, but the external id."""

    command_name = "change_directory_user"
    subject_kind = "User"
    subject_field = "user_id"
    account_hold = Hold.EXCLUSIVE

    user_id: UUID
    external_id: str | None
    name: str | None = None
    roles: tuple[str, ...] | None = None
    active: bool | None = None
    time_zone: str | None = None
    locale: str | None = None
    #: What the provider has read; None: it does not matter.
    expected_version: str | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs what `UpdateUser` needs."""
        require_permission(uow, Permission.MANAGE_USERS)
        user = _load_user(uow, self.user_id, self.expected_version)
        names = ("name", "active", "time_zone", "locale")
        values = {name: getattr(self, name) for name in names}
        changed = {name: value for name, value in values.items() if value != getattr(user, name)}
        if self.roles is not None and sorted(self.roles) != sorted(user.roles):
            changed["roles"] = self.roles
        faults = Faults()
        with faults:
            _require_external_id(self.external_id)
        with faults:
            if any(value is not None for value in changed.values()):
                UpdateUser(user_id=user.id, **changed).apply(uow)
        faults.refuse()
        if self.external_id != user.external_id:
            directory.write_user_entry(uow, user.id, external_id=self.external_id)
        return user.id


@dataclass(frozen=True, kw_only=True)
class RemoveDirectoryUser(Command[UUID]):
    """Deactivate a person whom the provider deletes; returns their id.

    Nobody is deleted here, since the ledger names everybody who did something. The provider does
    not see them any more.
    """

    command_name = "remove_directory_user"
    subject_kind = "User"
    subject_field = "user_id"
    account_hold = Hold.EXCLUSIVE

    user_id: UUID
    expected_version: str | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`."""
        require_permission(uow, Permission.MANAGE_USERS)
        user = _load_user(uow, self.user_id, self.expected_version)
        if user.active:
            UpdateUser(user_id=user.id, active=False).apply(uow)
        directory.write_user_entry(uow, user.id, removed_at=uow.now)
        return user.id


@dataclass(frozen=True, kw_only=True)
class AddDirectoryTeam(Command[UUID]):
    """Add a team that requires one approval; returns its id."""

    command_name = "add_directory_team"
    detail_fields = ("name",)
    account_hold = Hold.EXCLUSIVE

    name: str
    external_id: str | None
    member_ids: frozenset[UUID]

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs what `CreateTeam` needs."""
        require_permission(uow, Permission.MANAGE_TEAMS)
        faults = Faults()
        with faults:
            _require_external_id(self.external_id)
        with faults:
            team_id = CreateTeam(name=self.name, member_ids=self.member_ids).apply(uow)
        faults.refuse()
        directory.write_team_entry(uow, team_id, external_id=self.external_id)
        return team_id


@dataclass(frozen=True, kw_only=True)
class ChangeDirectoryTeam(Command[UUID]):
    """Change a team's name and members; returns its id. Its quorum and keypairs stay."""

    command_name = "change_directory_team"
    subject_kind = "Team"
    subject_field = "team_id"
    account_hold = Hold.EXCLUSIVE

    team_id: UUID
    name: str
    external_id: str | None
    #: Those that the provider sees; None: they stay as they are.
    member_ids: frozenset[UUID] | None
    expected_version: str | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs what `UpdateTeam` needs. Members that the provider does not see stay."""
        require_permission(uow, Permission.MANAGE_TEAMS)
        team = _load_team(uow, self.team_id, self.expected_version)
        members = self.member_ids
        if members is not None:
            members |= directory.load_hidden_member_ids(uow, team.id)
        faults = Faults()
        with faults:
            _require_external_id(self.external_id)
        with faults:
            UpdateTeam(team_id=team.id, name=self.name, member_ids=members).apply(uow)
        faults.refuse()
        if self.external_id != team.external_id:
            directory.write_team_entry(uow, team.id, external_id=self.external_id)
        return team.id


def _load_user(uow: UnitOfWork, user_id: UUID, expected_version: str | None) -> DirectoryUser:
    users = directory.load_users(uow.connection, uow.account_id, Lookup(id=user_id))
    if not users:
        raise not_found("user", "id")
    _require_version(users[0], expected_version)
    return users[0]


def _load_team(uow: UnitOfWork, team_id: UUID, expected_version: str | None) -> DirectoryTeam:
    teams = directory.load_teams(uow.connection, uow.account_id, Lookup(id=team_id))
    if not teams:
        raise not_found("team", "id")
    _require_version(teams[0], expected_version)
    return teams[0]


def _require_version(entry: DirectoryUser | DirectoryTeam, expected: str | None) -> None:
    if expected is not None and version_of(entry) != expected:
        message = "It was changed meanwhile. Read it again, and repeat the change."
        raise Refusal(Code.REVISION_CONFLICT, message)


def _require_external_id(external_id: str | None) -> None:
    if external_id is not None:
        refuse(check_name(external_id, "external id", "external_id"))
