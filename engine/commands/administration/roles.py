"""Roles: named bundles of permissions, built in and the account's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.commands.administration.administrators import require_an_administrator
from engine.commands.administration.rule_breaks import shortages
from engine.commands.administration.validation import clean_name, differences, require_permission
from engine.commands.command import Command
from engine.model.errors import Code, Faults, Refusal, refuse
from engine.model.events import RoleCreated, RoleUpdated
from engine.model.grants import refuse_grant
from engine.model.text import lookup_key, normalize, quoted
from engine.model.vocabulary import OWN_PERMISSIONS, Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store import loading
from engine.persistence.store.administration import roles, users
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork


def role_ids(uow: UnitOfWork, names: Collection[str]) -> dict[str, UUID]:
    """Return the ids of roles of the account, by name; refuses NOT_FOUND.

    Letter case is ignored in the names that are given.
    """
    names_by_key = {lookup_key(name): name for name in names}
    rows = roles.roles_with_keys(uow, names_by_key)
    missing = names_by_key.keys() - {row.name_key for row in rows}
    refuse(*(_no_such_role(name) for key, name in names_by_key.items() if key in missing))
    return {row.name: row.id for row in rows}


def _no_such_role(name: str) -> Refusal:
    message = f"There is no role {quoted(name)}. Choose one of the account's roles."
    return Refusal(Code.NOT_FOUND, message, "roles", item=name)


def refuse_self_grant(before: frozenset[Permission], after: frozenset[Permission]) -> None:
    """Refuse FORBIDDEN where users would give themselves a permission."""
    if after - before:
        gained = ", ".join(sorted(after - before))
        message = f"You cannot give yourself {gained}. Ask another administrator."
        raise Refusal(Code.FORBIDDEN, message, "roles")


@dataclass(frozen=True, kw_only=True)
class CreateRole(Command[UUID]):
    """Define a role of the account's own; returns its id."""

    command_name = "create_role"
    detail_fields = ("name",)
    account_hold = Hold.EXCLUSIVE

    name: str
    permissions: frozenset[Permission]

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`, and what the role grants."""
        require_permission(uow, Permission.MANAGE_USERS)
        faults = Faults()
        with faults:
            name = clean_name(normalize(self.name), "name", "name")
        with faults:
            _require_grantable(self.permissions)
            refuse(refuse_grant(uow.actor, self.permissions, self.permissions, "permissions"))
        faults.refuse()
        role_id = uuid7()
        roles.insert_role(uow, role_id, name, self.permissions)
        changes = {"name": (None, name), "permissions": (None, sorted(self.permissions))}
        uow.record(RoleCreated(subject_id=role_id, changes=changes))
        return role_id


@dataclass(frozen=True, kw_only=True)
class UpdateRole(Command[UUID]):
    """Rename a role of the account's own or change what it grants; returns its id."""

    command_name = "update_role"
    subject_kind = "Role"
    subject_field = "role_id"
    account_hold = Hold.EXCLUSIVE

    role_id: UUID
    name: str | None = None
    permissions: frozenset[Permission] | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`, and what is added; the built-in roles stay as they are."""
        require_permission(uow, Permission.MANAGE_USERS)
        role = roles.load_role(uow, self.role_id)
        if role.built_in:
            message = "The built-in roles cannot be changed. Define a role of your own."
            raise Refusal(Code.FIELD_LOCKED, message, "id")
        after = self._new_values()
        permissions_before = roles.load_permissions(uow, role.id)
        shortages_before = shortages(uow)
        before = {"name": role.name, "permissions": sorted(permissions_before)}
        if self.name is not None:
            roles.rename_role(uow, role.id, after["name"])
        if self.permissions is not None:
            self._replace_permissions(uow, permissions_before, self.permissions)
        changes = differences(before, after) | differences(shortages_before, shortages(uow))
        if changes:
            uow.record(RoleUpdated(subject_id=role.id, changes=changes))
        return self.role_id

    def _new_values(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        faults = Faults()
        if self.name is not None:
            with faults:
                values["name"] = clean_name(normalize(self.name), "name", "name")
        if self.permissions is not None:
            with faults:
                _require_grantable(self.permissions)
            values["permissions"] = sorted(self.permissions)
        faults.refuse()
        return values

    def _replace_permissions(
        self,
        uow: UnitOfWork,
        permissions_before: frozenset[Permission],
        permissions: frozenset[Permission],
    ) -> None:
        actor_id = uow.actor.user_id
        assert actor_id is not None
        own_before = loading.load_permissions(uow.connection, actor_id)
        had_appointer = users.has_appointer(uow)
        roles.replace_permissions(uow, self.role_id, permissions)
        refuse_self_grant(own_before, loading.load_permissions(uow.connection, actor_id))
        added = permissions - permissions_before
        # With what they have by other roles, users of the role may now hold more than it grants.
        for held in roles.permissions_of_holders(uow, self.role_id) | {permissions}:
            refuse(refuse_grant(uow.actor, added, held, "permissions"))
        require_an_administrator(uow, had_appointer=had_appointer)


def _require_grantable(permissions: frozenset[Permission]) -> None:
    """Refuse INVALID_INPUT for permissions that everybody holds, with whatever roles."""
    if own := permissions & OWN_PERMISSIONS:
        message = f"Everybody holds {', '.join(sorted(own))}. Leave it out of the role."
        raise Refusal(Code.INVALID_INPUT, message, "permissions")
