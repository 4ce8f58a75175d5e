"""Add a person or a service user (a pipeline) to the account, and change one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from engine.commands.administration.administrators import require_an_administrator
from engine.commands.administration.roles import refuse_self_grant, role_ids
from engine.commands.administration.rule_breaks import shortages
from engine.commands.administration.validation import (
    clean_name,
    differences,
    new_address,
    require_locale,
    require_permission,
    require_time_zone,
)
from engine.commands.command import Command
from engine.commands.credentials.change_address import request_change
from engine.commands.credentials.pending_sign_ins import end_pending_sign_ins
from engine.commands.credentials.token_endings import end_tokens
from engine.lifecycle.administration import refuse_renaming, refuse_update_of_user
from engine.model.errors import Faults, refuse
from engine.model.events import Changes, UserCreated, UserUpdated
from engine.model.grants import refuse_grant
from engine.model.text import normalize
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store import loading
from engine.persistence.store.administration import roles, users
from engine.persistence.store.credentials.address_changes import void_changes
from engine.persistence.store.credentials.api_tokens import unrevoked_token_ids
from engine.persistence.store.credentials.sessions import end_sessions
from engine.persistence.store.locks import Hold, Lock
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class CreateUser(Command[UUID]):
    """Add a user; returns their id. A service user gets no mail and cannot approve."""

    command_name = "create_user"
    detail_fields = ("email",)
    account_hold = Hold.EXCLUSIVE

    email: str
    name: str
    roles: tuple[str, ...]
    time_zone: str = "UTC"
    locale: str = "en"
    service: bool = False

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`, and what the roles grant."""
        require_permission(uow, Permission.MANAGE_USERS)
        faults = Faults()
        with faults:
            address = new_address(uow, self.email)
        with faults:
            name = clean_name(normalize(self.name), "name", "name")
        with faults:
            require_time_zone(self.time_zone)
        with faults:
            require_locale(self.locale)
        with faults:
            granted_roles = role_ids(uow, self.roles)
        faults.refuse()
        granted = loading.load_role_permissions(uow.connection, granted_roles.values())
        refuse(refuse_grant(uow.actor, granted, granted, "roles"))
        user_id = uuid7()
        users.insert_user(
            uow,
            user_id,
            address,
            name,
            role_ids=granted_roles.values(),
            time_zone=self.time_zone,
            locale=self.locale,
            service=self.service,
        )
        changes: dict[str, tuple[Any, Any]] = {
            "email": (None, address.stored),
            "name": (None, name),
            "roles": (None, sorted(granted_roles)),
        }
        if self.service:
            changes["service"] = (None, True)
        uow.record(UserCreated(subject_id=user_id, changes=changes))
        return user_id


@dataclass(frozen=True, kw_only=True)
class UpdateUser(Command[UUID]):
    """Change a user; returns their id. What is None stays as it is."""

    command_name = "update_user"
    subject_kind = "User"
    subject_field = "user_id"

    user_id: UUID
    name: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    roles: tuple[str, ...] | None = None
    active: bool | None = None
    #: A person's new address waits for the new mailbox to confirm it, a service user's holds at
    #: once; the present address withdraws a change that waits. See `change_address`.
    email: str | None = None
    #: The key that the token of the link to the new address is derived from.
    link_key: bytes | None = field(default=None, repr=False)

    def lock(self) -> Lock:
        """Return the account, and the ledger where an address may change at once."""
        return Lock(account=Hold.EXCLUSIVE, ledger_head=self.email is not None)

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`; one's own name, zone and language need `MANAGE_OWN_PROFILE`.

        New roles, and all that a user holds who is activated again, are granted by the actor: see
        `grants`. No token changes an address, because a session that it leads to would outlive
        the token.
        """
        changes_rights = self.roles is not None or self.active is not None
        refuse(refuse_update_of_user(uow.actor, self.user_id, of_rights=changes_rights))
        user = users.load_user(uow, self.user_id)
        shortages_before = shortages(uow)
        had_appointer = changes_rights and users.has_appointer(uow)
        changes = differences(dict(user._mapping), self._new_values())
        if "name" in changes:
            refuse(refuse_renaming(uow.settings, uow.actor))
        users.update_user(uow, user.id, {name: after for name, (_, after) in changes.items()})
        if self.roles is not None:
            changes |= self._set_roles(uow, self.roles)
        if "active" in changes and self.active:
            held = loading.load_permissions(uow.connection, self.user_id)
            refuse(refuse_grant(uow.actor, held, held, "active"))
        if changes_rights:
            require_an_administrator(uow, had_appointer=had_appointer)
            changes |= differences(shortages_before, shortages(uow))
        if "active" in changes and not self.active:
            _end_credentials(uow, user)
        if changes:
            uow.record(UserUpdated(subject_id=user.id, changes=changes))
        if self.email is not None:
            active = user.active if self.active is None else self.active
            request_change(uow, user, self.email, self.link_key, active=active)
        return self.user_id

    def _new_values(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        faults = Faults()
        if self.name is not None:
            with faults:
                values["name"] = clean_name(normalize(self.name), "name", "name")
        if self.time_zone is not None:
            with faults:
                require_time_zone(self.time_zone)
            values["time_zone"] = self.time_zone
        if self.locale is not None:
            with faults:
                require_locale(self.locale)
            values["locale"] = self.locale
        faults.refuse()
        if self.active is not None:
            values["active"] = self.active
        return values

    def _set_roles(self, uow: UnitOfWork, names: tuple[str, ...]) -> Changes:
        permissions_before = loading.load_permissions(uow.connection, self.user_id)
        roles_before = roles.roles_of_user(uow, self.user_id)
        new_roles = role_ids(uow, names)
        users.replace_roles(uow, self.user_id, new_roles.values())
        permissions = loading.load_permissions(uow.connection, self.user_id)
        if self.user_id == uow.actor.user_id:
            refuse_self_grant(permissions_before, permissions)
        added = set(new_roles.values()) - set(roles_before.values())
        granted = loading.load_role_permissions(uow.connection, added)
        refuse(refuse_grant(uow.actor, granted, permissions, "roles"))
        return differences({"roles": sorted(roles_before)}, {"roles": sorted(new_roles)})


def _end_credentials(uow: UnitOfWork, user: Row[Any]) -> None:
    """End the tokens, sessions and links of a user who is deactivated (spec section 2)."""
    void_changes(uow.connection, user.id, uow.now)
    users.update_user(uow, user.id, {"deactivated_at": uow.now})
    reason = f"{user.name} was deactivated, with whose token it was made."
    end_tokens(uow, unrevoked_token_ids(uow, user.id), reason)
    end_sessions(uow, user.id)
    end_pending_sign_ins(uow, user)
