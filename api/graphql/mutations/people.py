"""Make and change users, roles and teams."""

from __future__ import annotations

from uuid import UUID

import strawberry

from api.graphql.context import Info, run_mutation
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global, from_globals
from api.graphql.mutations.payload import Payload, given, one
from api.graphql.types.enums import Permission
from api.graphql.types.people import Role, Team, User
from api.runtime.runtime import Runtime
from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.teams import CreateTeam, UpdateTeam
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


@strawberry.input(description="The properties of the role to create.")
class CreateRoleInput:
    name: str = strawberry.field(
        description="The name of the role, on one line and unique in the account."
    )
    permissions: list[Permission] = strawberry.field(
        description="The permissions that the role grants."
    )


@strawberry.input(description="The changes of a role; a field that is left out stays as it is.")
class UpdateRoleInput:
    id: strawberry.ID = strawberry.field(description="The id of the role to change.")
    name: str | None = strawberry.field(default=None, description="The new name of the role.")
    permissions: list[Permission] | None = strawberry.field(
        default=None,
        description="All permissions that the role is to grant, including those that are to stay.",
    )


@strawberry.input(description="The properties of the team to create.")
class CreateTeamInput:
    name: str = strawberry.field(
        description="The name of the team, on one line and unique in the account."
    )
    member_ids: list[strawberry.ID] = strawberry.field(
        description="The ids of the users who are members of the team."
    )
    keypair_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The ids of the keypairs that are granted to the team."
    )
    required_approvals: int = strawberry.field(
        default=1,
        description="The number of approvals that the team's offline releases need, at most"
        " the number of its possible approvers.",
    )


@strawberry.input(description="The changes of a team; a field that is left out stays as it is.")
class UpdateTeamInput:
    id: strawberry.ID = strawberry.field(description="The id of the team to change.")
    name: str | None = strawberry.field(default=None, description="The new name of the team.")
    member_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of all members of the team, including those who are to stay.",
    )
    keypair_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of all keypairs of the team, including those that are to stay.",
    )
    required_approvals: int | None = strawberry.field(
        default=None, description="The number of approvals that the team's offline releases need."
    )


@strawberry.type(description="The result of adding a user.")
class CreateUserPayload(Payload):
    user: User | None = strawberry.field(
        default=None, description="The new user, or null if it was refused."
    )


@strawberry.type(description="The result of changing a user.")
class UpdateUserPayload(Payload):
    user: User | None = strawberry.field(
        default=None, description="The user after the change, or null if the change was refused."
    )


@strawberry.type(description="The result of creating a role.")
class CreateRolePayload(Payload):
    role: Role | None = strawberry.field(
        default=None, description="The new role, or null if it was refused."
    )


@strawberry.type(description="The result of changing a role.")
class UpdateRolePayload(Payload):
    role: Role | None = strawberry.field(
        default=None, description="The role after the change, or null if the change was refused."
    )


@strawberry.type(description="The result of creating a team.")
class CreateTeamPayload(Payload):
    team: Team | None = strawberry.field(
        default=None, description="The new team, or null if it was refused."
    )


@strawberry.type(description="The result of changing a team.")
class UpdateTeamPayload(Payload):
    team: Team | None = strawberry.field(
        default=None, description="The team after the change, or null if the change was refused."
    )


@strawberry.type
class PeopleMutations:
    @strawberry.mutation(
        description="Adds a user, which needs MANAGE_USERS and every permission that the"
        " roles grant. Only an administrator whose credential is not limited by"
        " scopes can give SIGN and APPROVE_RELEASE without holding them."
    )
    async def create_user(self, info: Info, input: CreateUserInput) -> CreateUserPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            told = given(input, "email", "name", "time_zone", "locale", "service")
            return await runtime.execute(principal, CreateUser(roles=tuple(input.roles), **told))

        return await run_mutation(info, CreateUserPayload, act, user=one(EntityCache.users))

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
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            changes = given(input, "name", "time_zone", "locale", "active")
            if input.roles is not None:
                changes["roles"] = tuple(input.roles)
            if input.email is not None:
                key = (
                    runtime.message_settings.link_key
                    if runtime.message_settings is not None
                    else None
                )
                changes |= {"email": input.email, "link_key": key}
            user_id = from_global(input.id, "User")
            return await runtime.execute(principal, UpdateUser(user_id=user_id, **changes))

        return await run_mutation(info, UpdateUserPayload, act, user=one(EntityCache.users))

    @strawberry.mutation(
        description="Creates a role of the account, which needs MANAGE_USERS and, as for"
        " `createUser`, every permission that the role grants."
    )
    async def create_role(self, info: Info, input: CreateRoleInput) -> CreateRolePayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            granted = frozenset(input.permissions)
            return await runtime.execute(
                principal, CreateRole(name=input.name, permissions=granted)
            )

        return await run_mutation(info, CreateRolePayload, act, role=one(EntityCache.roles))

    @strawberry.mutation(
        description="Changes a role of the account, which needs MANAGE_USERS and, as for"
        " `createUser`, every permission that is added to it."
    )
    async def update_role(self, info: Info, input: UpdateRoleInput) -> UpdateRolePayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            granted = frozenset(input.permissions) if input.permissions is not None else None
            command = UpdateRole(
                role_id=from_global(input.id, "Role"), name=input.name, permissions=granted
            )
            return await runtime.execute(principal, command)

        return await run_mutation(info, UpdateRolePayload, act, role=one(EntityCache.roles))

    @strawberry.mutation(description="Creates a team, which needs MANAGE_TEAMS.")
    async def create_team(self, info: Info, input: CreateTeamInput) -> CreateTeamPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            command = CreateTeam(
                name=input.name,
                member_ids=from_globals(input.member_ids, "User", "member_ids"),
                keypair_ids=from_globals(input.keypair_ids or (), "Keypair", "keypair_ids"),
                required_approvals=input.required_approvals,
            )
            return await runtime.execute(principal, command)

        return await run_mutation(info, CreateTeamPayload, act, team=one(EntityCache.teams))

    @strawberry.mutation(description="Changes a team, which needs MANAGE_TEAMS.")
    async def update_team(self, info: Info, input: UpdateTeamInput) -> UpdateTeamPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            changes = given(input, "name", "required_approvals")
            for name, kind in (("member_ids", "User"), ("keypair_ids", "Keypair")):
                changes |= {n: from_globals(v, kind, n) for n, v in given(input, name).items()}
            team_id = from_global(input.id, "Team")
            return await runtime.execute(principal, UpdateTeam(team_id=team_id, **changes))

        return await run_mutation(info, UpdateTeamPayload, act, team=one(EntityCache.teams))
