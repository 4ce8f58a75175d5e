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
from engine.commands.administration.create_team import CreateTeam
from engine.commands.administration.create_user import CreateUser
from engine.commands.administration.roles import CreateRole, UpdateRole
from engine.commands.administration.update_team import UpdateTeam
from engine.commands.administration.update_user import UpdateUser
from engine.model.principal import Principal


@strawberry.input(description="A user to add.")
class CreateUserInput:
    email: str = strawberry.field(description="Unique in the account, letter case aside.")
    name: str = strawberry.field(description="One line.")
    roles: list[str] = strawberry.field(
        description="By name. Built in: ADMIN, LEAD, DEVELOPER, SIGNER, AUDITOR."
    )
    time_zone: str | None = strawberry.field(default=None, description="IANA name; UTC without.")
    locale: str | None = strawberry.field(default=None, description="Language tag; en without.")
    service: bool = strawberry.field(default=False, description="A pipeline's service user.")


@strawberry.input(description="A change of a user. A field left out stays.")
class UpdateUserInput:
    id: strawberry.ID = strawberry.field(description="Which user.")
    name: str | None = strawberry.field(default=None, description="A new name.")
    time_zone: str | None = strawberry.field(default=None, description="IANA name.")
    locale: str | None = strawberry.field(default=None, description="Language tag.")
    roles: list[str] | None = strawberry.field(
        default=None, description="All roles, the old ones too."
    )
    active: bool | None = strawberry.field(
        default=None, description="Deactivating ends the user's credentials at once."
    )
    email: str | None = strawberry.field(
        default=None,
        description="A new e-mail address. A person's address changes once it is confirmed by the"
        " link that is sent to it, which works for 24 hours; the present address is told, and a"
        " newer request replaces the one before. To withdraw a request, give the present address."
        " A service user's address changes at once.",
    )


@strawberry.input(description="A role to define.")
class CreateRoleInput:
    name: str = strawberry.field(description="Unique in the account; one line.")
    permissions: list[Permission] = strawberry.field(description="What it grants.")


@strawberry.input(description="A change of a role. A field left out stays.")
class UpdateRoleInput:
    id: strawberry.ID = strawberry.field(description="Which role.")
    name: str | None = strawberry.field(default=None, description="A new name.")
    permissions: list[Permission] | None = strawberry.field(
        default=None, description="All it grants, the old ones too."
    )


@strawberry.input(description="A team to make.")
class CreateTeamInput:
    name: str = strawberry.field(description="Unique in the account; one line.")
    member_ids: list[strawberry.ID] = strawberry.field(description="Who is in it.")
    keypair_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="What it may use."
    )
    required_approvals: int = strawberry.field(
        default=1, description="The quorum; never more than the possible approvers."
    )


@strawberry.input(description="A change of a team. A field left out stays.")
class UpdateTeamInput:
    id: strawberry.ID = strawberry.field(description="Which team.")
    name: str | None = strawberry.field(default=None, description="A new name.")
    member_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="All members, the old ones too."
    )
    keypair_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="All it may use, the old ones too."
    )
    required_approvals: int | None = strawberry.field(default=None, description="The quorum.")


@strawberry.type(description="The new user.")
class CreateUserPayload(Payload):
    user: User | None = strawberry.field(default=None, description="As they are now.")


@strawberry.type(description="The changed user.")
class UpdateUserPayload(Payload):
    user: User | None = strawberry.field(default=None, description="As they are now.")


@strawberry.type(description="The new role.")
class CreateRolePayload(Payload):
    role: Role | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The changed role.")
class UpdateRolePayload(Payload):
    role: Role | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The new team.")
class CreateTeamPayload(Payload):
    team: Team | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The changed team.")
class UpdateTeamPayload(Payload):
    team: Team | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type
class PeopleMutations:
    @strawberry.mutation(
        description="Add a user. Needs MANAGE_USERS, and everything that the roles grant; only an"
        " administrator whose credential nothing narrows gives SIGN and APPROVE_RELEASE without"
        " holding them."
    )
    async def create_user(self, info: Info, input: CreateUserInput) -> CreateUserPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            told = given(input, "email", "name", "time_zone", "locale", "service")
            return await runtime.execute(principal, CreateUser(roles=tuple(input.roles), **told))

        return await run_mutation(info, CreateUserPayload, act, user=one(EntityCache.users))

    @strawberry.mutation(
        description="Change a user. Needs MANAGE_USERS, and as for `createUser` everything that"
        " added roles grant, or that a user who is activated again holds. One's own name, time zone"
        " and language need MANAGE_OWN_PROFILE, which a token has only by name. No token changes an"
        " e-mail address, however far it reaches: that needs somebody who is signed in. Another"
        " user's address needs everything that this user may do."
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
        description="Define a role of the account's own. Needs MANAGE_USERS, and as for"
        " `createUser` everything that it grants."
    )
    async def create_role(self, info: Info, input: CreateRoleInput) -> CreateRolePayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            granted = frozenset(input.permissions)
            return await runtime.execute(
                principal, CreateRole(name=input.name, permissions=granted)
            )

        return await run_mutation(info, CreateRolePayload, act, role=one(EntityCache.roles))

    @strawberry.mutation(
        description="Change a role of the account's own. Needs MANAGE_USERS, and as for"
        " `createUser` everything that is added to it."
    )
    async def update_role(self, info: Info, input: UpdateRoleInput) -> UpdateRolePayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            granted = frozenset(input.permissions) if input.permissions is not None else None
            command = UpdateRole(
                role_id=from_global(input.id, "Role"), name=input.name, permissions=granted
            )
            return await runtime.execute(principal, command)

        return await run_mutation(info, UpdateRolePayload, act, role=one(EntityCache.roles))

    @strawberry.mutation(description="Make a team. Needs MANAGE_TEAMS.")
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

    @strawberry.mutation(description="Change a team. Needs MANAGE_TEAMS.")
    async def update_team(self, info: Info, input: UpdateTeamInput) -> UpdateTeamPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            changes = given(input, "name", "required_approvals")
            for name, kind in (("member_ids", "User"), ("keypair_ids", "Keypair")):
                changes |= {n: from_globals(v, kind, n) for n, v in given(input, name).items()}
            team_id = from_global(input.id, "Team")
            return await runtime.execute(principal, UpdateTeam(team_id=team_id, **changes))

        return await run_mutation(info, UpdateTeamPayload, act, team=one(EntityCache.teams))
