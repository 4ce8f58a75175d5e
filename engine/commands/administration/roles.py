"""Roles: named bundles of permissions, built in and the account's own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from engine.commands.administration.rule_breaks import shortages
from engine.commands.administration.validation import (
    clean_name,
    differences,
    refuse,
    require_an_administrator,
    require_permission,
    somebody_appoints,
)
from engine.commands.command import Command
from engine.model.errors import Code, Refusal, not_found
from engine.model.events import RoleCreated, RoleUpdated
from engine.model.grants import refuse_grant
from engine.model.text import lookup_key, name_key, normalize, quoted
from engine.model.vocabulary import OWN_PERMISSIONS, Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork


def role_ids(uow: UnitOfWork, names: Collection[str]) -> dict[str, UUID]:
    """The account's roles by name, letter case aside; refuses NOT_FOUND."""
    keys = {lookup_key(name): name for name in names}
    r = t.roles
    rows = uow.connection.execute(
        sa.select(r.c.id, r.c.name, r.c.name_key).where(
            r.c.account_id == uow.account_id, r.c.name_key.in_(sorted(keys))
        )
    ).all()
    missing = sorted(set(keys) - {row.name_key for row in rows})
    if missing:
        message = f"There is no role {quoted(keys[missing[0]])}. Choose one of the account's roles."
        raise Refusal(Code.NOT_FOUND, message, "roles")
    return {row.name: row.id for row in rows}


def refuse_self_grant(before: frozenset[Permission], after: frozenset[Permission]) -> None:
    """Nobody can give themselves a permission."""
    if after - before:
        gained = ", ".join(sorted(after - before))
        message = f"You cannot give yourself {gained}. Ask another administrator."
        raise Refusal(Code.FORBIDDEN, message, "roles")


@dataclass(frozen=True, kw_only=True)
class CreateRole(Command[UUID]):
    """Define a role of the account's own; answers its id."""

    command_name = "create_role"
    detail_fields = ("name",)
    account_hold = Hold.ALONE

    name: str
    permissions: frozenset[Permission]

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`, and what the role grants."""
        require_permission(uow, Permission.MANAGE_USERS)
        _require_grantable(self.permissions)
        refuse(refuse_grant(uow.actor, self.permissions, self.permissions, "permissions"))
        name = clean_name(normalize(self.name), "name", "name")
        role_id = uuid7()
        uow.connection.execute(
            t.roles.insert().values(
                id=role_id,
                account_id=uow.account_id,
                name=name,
                name_key=name_key(name),
                built_in=False,
            )
        )
        _grant(uow, role_id, self.permissions)
        changes = {"name": (None, name), "permissions": (None, sorted(self.permissions))}
        uow.record(RoleCreated(subject_id=role_id, changes=changes))
        return role_id


@dataclass(frozen=True, kw_only=True)
class UpdateRole(Command[UUID]):
    """Rename a role of the account's own or change what it grants; answers its id."""

    command_name = "update_role"
    subject_kind = "Role"
    subject_field = "role_id"
    account_hold = Hold.ALONE

    role_id: UUID
    name: str | None = None
    permissions: frozenset[Permission] | None = None

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`, and what is added; the built-in roles stay as they are."""
        require_permission(uow, Permission.MANAGE_USERS)
        _require_grantable(self.permissions or frozenset())
        r, p = t.roles, t.role_permissions
        row = uow.connection.execute(
            sa.select(r).where(r.c.id == self.role_id, r.c.account_id == uow.account_id)
        ).one_or_none()
        if row is None:
            raise not_found("role", "id")
        if row.built_in:
            message = "The built-in roles cannot be changed. Define a role of your own."
            raise Refusal(Code.FIELD_LOCKED, message, "id")
        held = frozenset(
            uow.connection.scalars(sa.select(p.c.permission).where(p.c.role_id == row.id)).all()
        )
        before = {"name": row.name, "permissions": sorted(held)}
        after, short = dict(before), shortages(uow)
        if self.name is not None:
            after["name"] = clean_name(normalize(self.name), "name", "name")
            values = {"name": after["name"], "name_key": name_key(after["name"])}
            uow.connection.execute(r.update().where(r.c.id == row.id).values(**values))
        if self.permissions is not None:
            self._regrant(uow, held, self.permissions)
            after["permissions"] = sorted(self.permissions)
        changes = differences(before, after) | differences(short, shortages(uow))
        if changes:
            uow.record(RoleUpdated(subject_id=row.id, changes=changes))
        return self.role_id

    def _regrant(
        self, uow: UnitOfWork, held: frozenset[Permission], permissions: frozenset[Permission]
    ) -> None:
        actor_id = uow.actor.user_id
        assert actor_id is not None
        before = loading.load_permissions(uow.connection, actor_id)
        appointed = somebody_appoints(uow)
        p = t.role_permissions
        uow.connection.execute(sa.delete(p).where(p.c.role_id == self.role_id))
        _grant(uow, self.role_id, permissions)
        refuse_self_grant(before, loading.load_permissions(uow.connection, actor_id))
        added = permissions - held
        for held_then in self._held_by_its_users(uow) | {permissions}:
            refuse(refuse_grant(uow.actor, added, held_then, "permissions"))
        require_an_administrator(uow, appointed_before=appointed)

    def _held_by_its_users(self, uow: UnitOfWork) -> set[frozenset[Permission]]:
        """What each of its users holds now: its permissions may complete others'."""
        ur = t.user_roles
        query = sa.select(ur.c.user_id).where(ur.c.role_id == self.role_id)
        users = uow.connection.execute(query).scalars().all()
        return set(loading.load_permissions_of(uow.connection, users).values())


def _require_grantable(permissions: frozenset[Permission]) -> None:
    """What everybody holds is no role's to give or to keep back."""
    if own := permissions & OWN_PERMISSIONS:
        message = f"Everybody holds {', '.join(sorted(own))}. Leave it out of the role."
        raise Refusal(Code.INVALID_INPUT, message, "permissions")


def _grant(uow: UnitOfWork, role_id: UUID, permissions: frozenset[Permission]) -> None:
    if permissions:
        uow.connection.execute(
            t.role_permissions.insert(),
            [{"role_id": role_id, "permission": p} for p in sorted(permissions)],
        )
