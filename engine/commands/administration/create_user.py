"""Add a person or a service user (a pipeline) to the account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.commands.administration.roles import role_ids
from engine.commands.administration.validation import (
    clean_name,
    new_address,
    refuse,
    require_locale,
    require_permission,
    require_time_zone,
)
from engine.commands.command import Command
from engine.model.events import UserCreated
from engine.model.grants import refuse_grant
from engine.model.text import normalize
from engine.model.vocabulary import Permission
from engine.persistence.db.ids import uuid7
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.persistence.store.locks import Hold
from engine.persistence.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class CreateUser(Command[UUID]):
    """Answers the new user's id. A service user gets no mail and cannot approve."""

    command_name = "create_user"
    detail_fields = ("email",)
    account_hold = Hold.ALONE

    email: str
    name: str
    roles: tuple[str, ...]
    time_zone: str = "UTC"
    locale: str = "en"
    service: bool = False

    def apply(self, uow: UnitOfWork) -> UUID:
        """Needs `MANAGE_USERS`, and what the roles grant."""
        require_permission(uow, Permission.MANAGE_USERS)
        address, name = (
            new_address(uow, self.email),
            clean_name(normalize(self.name), "name", "name"),
        )
        require_time_zone(self.time_zone)
        require_locale(self.locale)
        roles = role_ids(uow, self.roles)
        granted = loading.load_role_permissions(uow.connection, roles.values())
        refuse(refuse_grant(uow.actor, granted, granted, "roles"))
        user_id = uuid7()
        uow.connection.execute(
            t.users.insert().values(
                id=user_id,
                account_id=uow.account_id,
                email=address.stored,
                email_key=address.key,
                name=name,
                time_zone=self.time_zone,
                locale=self.locale,
                active=True,
                service=self.service,
                created_at=uow.now,
            )
        )
        if roles:
            uow.connection.execute(
                t.user_roles.insert(),
                [{"user_id": user_id, "role_id": role} for role in sorted(roles.values())],
            )
        changes: dict[str, tuple[Any, Any]] = {
            "email": (None, address.stored),
            "name": (None, name),
            "roles": (None, sorted(roles)),
        }
        if self.service:
            changes["service"] = (None, True)
        uow.record(UserCreated(subject_id=user_id, changes=changes))
        return user_id
