"""Change a user: name, zone, language, roles, address, or whether they are active."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from engine.commands.administration.roles import refuse_self_grant, role_ids
from engine.commands.administration.rule_breaks import shortages
from engine.commands.administration.validation import (
    clean_name,
    differences,
    refuse,
    replace_set,
    require_an_administrator,
    require_locale,
    require_permission,
    require_time_zone,
    somebody_appoints,
)
from engine.commands.command import Command
from engine.commands.credentials.change_address import request_change, void_changes
from engine.commands.credentials.pending_sign_ins import end_pending_sign_ins
from engine.commands.credentials.token_endings import end_tokens
from engine.model.errors import Code, Refusal, not_found
from engine.model.events import UserUpdated
from engine.model.grants import refuse_grant
from engine.model.text import normalize
from engine.model.vocabulary import Permission
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class UpdateUser(Command[UUID]):
    """Answers the user's id. What is None stays as it is."""

    command_name = "update_user"
    subject_kind = "User"
    subject_field = "user_id"
    account_hold = Hold.ALONE

    user_id: UUID
    name: str | None = None
    time_zone: str | None = None
    locale: str | None = None
    roles: tuple[str, ...] | None = None
    active: bool | None = None
    #: Asked for, unless it is a service user's; the present one withdraws: see `change_address`.
    email: str | None = None
    #: What the link to the new address is made with.
    link_key: bytes | None = field(default=None, repr=False)

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`; one's own name, zone and language need `MANAGE_OWN_PROFILE`.

        New roles, and all of whoever is activated again, are handed on: see `grants`. No token
        changes an address, because a session that it leads to would outlive the token.
        """
        touches_rights = self.roles is not None or self.active is not None
        own = self.user_id == uow.actor.user_id and not touches_rights
        manages = Permission.MANAGE_USERS in uow.actor.permissions
        needed = Permission.MANAGE_OWN_PROFILE if own and not manages else Permission.MANAGE_USERS
        require_permission(uow, needed)
        u = t.users
        row = uow.connection.execute(
            sa.select(u).where(u.c.id == self.user_id, u.c.account_id == uow.account_id)
        ).one_or_none()
        if row is None:
            raise not_found("user", "id")
        short, appointed = shortages(uow), touches_rights and somebody_appoints(uow)
        changes = differences(dict(row._mapping), self._values(row))
        if "name" in changes:
            _require_renaming(uow)
        if changes:
            values = {name: after for name, (_, after) in changes.items()}
            uow.connection.execute(u.update().where(u.c.id == row.id).values(**values))
        if self.roles is not None:
            changes |= self._set_roles(uow, self.roles)
        if "active" in changes and self.active:
            held = loading.load_permissions(uow.connection, self.user_id)
            refuse(refuse_grant(uow.actor, held, held, "active"))
        if touches_rights:
            require_an_administrator(uow, appointed_before=appointed)
            changes |= differences(short, shortages(uow))
        if "active" in changes and not self.active:
            _end_credentials(uow, row)
        if changes:
            uow.record(UserUpdated(subject_id=row.id, changes=changes))
        if self.email is not None:
            self._request_address(uow, row, self.email)
        return self.user_id

    def _values(self, row: Row[Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if self.name is not None:
            values["name"] = clean_name(normalize(self.name), "name", "name")
        if self.time_zone is not None:
            require_time_zone(self.time_zone)
            values["time_zone"] = self.time_zone
        if self.locale is not None:
            require_locale(self.locale)
            values["locale"] = self.locale
        if self.active is not None:
            values["active"] = self.active
        return values

    def _request_address(self, uow: UnitOfWork, row: Row[Any], email: str) -> None:
        active = row.active if self.active is None else self.active
        request_change(uow, row, email, self.link_key, active=active)

    def _set_roles(self, uow: UnitOfWork, names: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
        before = loading.load_permissions(uow.connection, self.user_id)
        r, ur = t.roles, t.user_roles
        query = sa.select(r.c.id, r.c.name).join(ur, ur.c.role_id == r.c.id)
        rows = uow.connection.execute(query.where(ur.c.user_id == self.user_id)).all()
        held, wanted = {row.name: row.id for row in rows}, role_ids(uow, names)
        replace_set(uow, ur, ("user_id", self.user_id), "role_id", wanted.values())
        after = loading.load_permissions(uow.connection, self.user_id)
        if self.user_id == uow.actor.user_id:
            refuse_self_grant(before, after)
        added = set(wanted.values()) - set(held.values())
        granted = loading.load_role_permissions(uow.connection, added)
        refuse(refuse_grant(uow.actor, granted, after, "roles"))
        return differences({"roles": sorted(held)}, {"roles": sorted(wanted)})


def _require_renaming(uow: UnitOfWork) -> None:
    """An account may keep its users from taking names that others go by."""
    if uow.policy.users_may_rename_themselves:
        return
    if Permission.MANAGE_USERS not in uow.actor.permissions:
        message = (
            "In this account names are changed by those who manage users. Ask an administrator."
        )
        raise Refusal(Code.FORBIDDEN, message, "name")


def _end_credentials(uow: UnitOfWork, user: Row[Any]) -> None:
    """Deactivating a user ends their tokens, sessions and links at once (spec section 2)."""
    void_changes(uow.connection, user.id, uow.now)
    k, s, u = t.api_tokens, t.sessions, t.users
    uow.connection.execute(u.update().where(u.c.id == user.id).values(deactivated_at=uow.now))
    query = sa.select(k.c.id).where(k.c.user_id == user.id, k.c.revoked_at.is_(None))
    tokens = uow.connection.execute(query).scalars().all()
    end_tokens(uow, tokens, f"{user.name} was deactivated, with whose token it was made.")
    uow.connection.execute(
        s.update().where(s.c.user_id == user.id, s.c.ended_at.is_(None)).values(ended_at=uow.now)
    )
    end_pending_sign_ins(uow, user)
