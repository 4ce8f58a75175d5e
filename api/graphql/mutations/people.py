"""Make and change users and roles."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.mutations.payload import Payload, present_fields
from api.graphql.resolvers import run_mutation
from api.graphql.types.enums import Permission
from api.graphql.types.people import Role, User
from api.runtime.runtime import Runtime
from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.model.principal import Principal


@strawberry.input(description="The properties of the user to add.")
class CreateUserInput:
    email: str = strawberry.field(
        description="The user's e-mail address, unique in the account without regard to"
        " letter case."
    )
    name: str = strawberry.field(
        description="The user's name, as it is shown to people, on one line."
    )
    roles: list[str] = strawberry.field(
        description="The names of the user's roles; ADMIN, LEAD, DEVELOPER, SIGNER and"
        " AUDITOR are built in."
    )
    time_zone: str | None = strawberry.field(
        default=None, description="The IANA name of the user's time zone; it is UTC if left out."
    )
    locale: str | None = strawberry.field(
        default=None, description="The language tag of the user's mails; it is en if left out."
    )
    service: bool = strawberry.field(
        default=False,
        description="Whether this is a service user for a pipeline, which receives no mail"
        " and cannot approve.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> CreateUser:
        """Return the command."""
        properties = present_fields(self, "email", "name", "time_zone", "locale", "service")
        return CreateUser(roles=tuple(self.roles), **properties)


@strawberry.input(description="The changes of a user; a field that is left out stays as it is.")
class UpdateUserInput:
    id: strawberry.ID = strawberry.field(description="The id of the user to change.")
    name: str | None = strawberry.field(default=None, description="The new name of the user.")
    time_zone: str | None = strawberry.field(
        default=None, description="The IANA name of the user's time zone."
    )
    locale: str | None = strawberry.field(
        default=None, description="The language tag of the user's mails."
    )
    roles: list[str] | None = strawberry.field(
        default=None,
        description="The names of all roles that the user is to have, including those that"
        " are to stay.",
    )
    active: bool | None = strawberry.field(
        default=None,
        description="Whether the user is active; deactivating ends all credentials of the"
        " user immediately.",
    )
    email: str | None = strawberry.field(
        default=None,
        description="The new e-mail address. A person's address changes once it is"
        " confirmed by the link that is sent to it, which works for 24 hours;"
        " the present address is informed, and a newer request replaces the one"
        " before. To withdraw a request, give the present address. A service"
        " user's address changes immediately.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> UpdateUser:
        """Return the command; refuses ids of other types."""
        changes = present_fields(self, "name", "time_zone", "locale", "active")
        if self.roles is not None:
            changes["roles"] = tuple(self.roles)
        if self.email is not None:
            settings = runtime.message_settings
            link_key = settings.link_key if settings is not None else None
            changes |= {"email": self.email, "link_key": link_key}
        return UpdateUser(user_id=from_global(self.id, "User"), **changes)


@strawberry.input(description="The properties of the role to create.")
class CreateRoleInput:
    name: str = strawberry.field(
        description="The name of the role, on one line and unique in the account."
    )
    permissions: list[Permission] = strawberry.field(
        description="The permissions that the role grants."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> CreateRole:
        """Return the command."""
        return CreateRole(name=self.name, permissions=frozenset(self.permissions))


@strawberry.input(description="The changes of a role; a field that is left out stays as it is.")
class UpdateRoleInput:
    id: strawberry.ID = strawberry.field(description="The id of the role to change.")
    name: str | None = strawberry.field(default=None, description="The new name of the role.")
    permissions: list[Permission] | None = strawberry.field(
        default=None,
        description="All permissions that the role is to grant, including those that are to stay.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> UpdateRole:
        """Return the command; refuses ids of other types."""
        granted = frozenset(self.permissions) if self.permissions is not None else None
        return UpdateRole(role_id=from_global(self.id, "Role"), name=self.name, permissions=granted)


@strawberry.type(description="The result of a mutation of a user.")
class UserPayload(Payload):
    user: User | None = strawberry.field(
        default=None, description="The user as they are now, or null if the mutation was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, user_id: UUID) -> Self:
        """Return the payload with the user as it is now."""
        return cls(user=cache.users([user_id]).get(user_id))


@strawberry.type(description="The result of adding a user.")
class CreateUserPayload(UserPayload):
    pass


@strawberry.type(description="The result of changing a user.")
class UpdateUserPayload(UserPayload):
    pass


@strawberry.type(description="The result of a mutation of a role.")
class RolePayload(Payload):
    role: Role | None = strawberry.field(
        default=None, description="The role as it is now, or null if the mutation was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, role_id: UUID) -> Self:
        """Return the payload with the role as it is now."""
        return cls(role=cache.roles([role_id]).get(role_id))


@strawberry.type(description="The result of creating a role.")
class CreateRolePayload(RolePayload):
    pass


@strawberry.type(description="The result of changing a role.")
class UpdateRolePayload(RolePayload):
    pass


@strawberry.type
class PeopleMutations:
    @strawberry.mutation(
        description="Adds a user, which needs MANAGE_USERS and every permission that the"
        " roles grant. Only an administrator whose credential is not limited by"
        " scopes can give SIGN and APPROVE_RELEASE without holding them."
    )
    async def create_user(self, info: Info, input: CreateUserInput) -> CreateUserPayload:
        return await run_mutation(info, input, CreateUserPayload)

    @strawberry.mutation(
        description="Changes a user, which needs MANAGE_USERS and, as for `createUser`,"
        " every permission that added roles grant or that a reactivated user"
        " holds. To change one's own name, time zone and language needs"
        " MANAGE_OWN_PROFILE, which a token has only if its scopes name it. No"
        " token can change an e-mail address, whatever its scopes are: that"
        " needs a person who is signed in. To change another user's address"
        " needs every permission that this user has."
    )
    async def update_user(self, info: Info, input: UpdateUserInput) -> UpdateUserPayload:
        return await run_mutation(info, input, UpdateUserPayload)

    @strawberry.mutation(
        description="Creates a role of the account, which needs MANAGE_USERS and, as for"
        " `createUser`, every permission that the role grants."
    )
    async def create_role(self, info: Info, input: CreateRoleInput) -> CreateRolePayload:
        return await run_mutation(info, input, CreateRolePayload)

    @strawberry.mutation(
        description="Changes a role of the account, which needs MANAGE_USERS and, as for"
        " `createUser`, every permission that is added to it."
    )
    async def update_role(self, info: Info, input: UpdateRoleInput) -> UpdateRolePayload:
        return await run_mutation(info, input, UpdateRolePayload)
