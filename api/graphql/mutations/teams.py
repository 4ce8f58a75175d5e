"""Make and change teams, and add and remove their members."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global, local_ids
from api.graphql.mutations.payload import Payload, present_fields
from api.graphql.resolvers import run_mutation
from api.graphql.types.people import Team
from api.runtime.runtime import Runtime
from engine.commands.administration.teams import (
    AddTeamMembers,
    CreateTeam,
    RemoveTeamMembers,
    UpdateTeam,
)
from engine.model.principal import Principal


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

    def to_command(self, runtime: Runtime, principal: Principal) -> CreateTeam:
        """Return the command; refuses ids of other types."""
        return CreateTeam(
            name=self.name,
            member_ids=local_ids(self.member_ids),
            keypair_ids=local_ids(self.keypair_ids or ()),
            required_approvals=self.required_approvals,
        )


@strawberry.input(description="The changes of a team; a field that is left out stays as it is.")
class UpdateTeamInput:
    id: strawberry.ID = strawberry.field(description="The id of the team to change.")
    revision: int | None = strawberry.field(
        default=None,
        description="The revision of the team that the change is based on. If the team has"
        " another one by now, the change is refused with REVISION_CONFLICT.",
    )
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

    def to_command(self, runtime: Runtime, principal: Principal) -> UpdateTeam:
        """Return the command; refuses ids of other types."""
        changes = present_fields(self, "name", "required_approvals", "revision")
        lists = present_fields(self, "member_ids", "keypair_ids")
        changes |= {name: local_ids(ids) for name, ids in lists.items()}
        return UpdateTeam(team_id=from_global(self.id, "Team"), **changes)


@strawberry.input(description="The users to add to a team, which keeps its other members.")
class AddTeamMembersInput:
    id: strawberry.ID = strawberry.field(description="The id of the team to add users to.")
    user_ids: list[strawberry.ID] = strawberry.field(
        description="The ids of the users to add; those who are members already stay members."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> AddTeamMembers:
        """Return the command; refuses ids of other types."""
        user_ids = local_ids(self.user_ids)
        return AddTeamMembers(team_id=from_global(self.id, "Team"), user_ids=user_ids)


@strawberry.input(description="The users to remove from a team, which keeps its other members.")
class RemoveTeamMembersInput:
    id: strawberry.ID = strawberry.field(description="The id of the team to remove users from.")
    user_ids: list[strawberry.ID] = strawberry.field(
        description="The ids of the users to remove; those who are no members are left out."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> RemoveTeamMembers:
        """Return the command; refuses ids of other types."""
        user_ids = local_ids(self.user_ids)
        return RemoveTeamMembers(team_id=from_global(self.id, "Team"), user_ids=user_ids)


@strawberry.type(description="The result of a mutation of a team.")
class TeamPayload(Payload):
    team: Team | None = strawberry.field(
        default=None,
        description="The team as it is now; it is null if the mutation was refused, except with"
        " REVISION_CONFLICT.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, team_id: UUID) -> Self:
        """Return the payload with the team as it is now."""
        return cls(team=cache.teams([team_id]).get(team_id))


@strawberry.type(description="The result of creating a team.")
class CreateTeamPayload(TeamPayload):
    pass


@strawberry.type(description="The result of changing a team.")
class UpdateTeamPayload(TeamPayload):
    pass


@strawberry.type(description="The result of adding members to a team.")
class AddTeamMembersPayload(TeamPayload):
    pass


@strawberry.type(description="The result of removing members from a team.")
class RemoveTeamMembersPayload(TeamPayload):
    pass


@strawberry.type
class TeamMutations:
    @strawberry.mutation(description="Creates a team, which needs MANAGE_TEAMS.")
    async def create_team(self, info: Info, input: CreateTeamInput) -> CreateTeamPayload:
        return await run_mutation(info, input, CreateTeamPayload)

    @strawberry.mutation(
        description="Changes a team, which needs MANAGE_TEAMS. A token that lowers the required"
        " approvals also needs the scope APPROVE_RELEASE."
    )
    async def update_team(self, info: Info, input: UpdateTeamInput) -> UpdateTeamPayload:
        return await run_mutation(info, input, UpdateTeamPayload)

    @strawberry.mutation(
        description="Adds users to a team, whoever joins or leaves it at the same time, which"
        " needs MANAGE_TEAMS."
    )
    async def add_team_members(
        self, info: Info, input: AddTeamMembersInput
    ) -> AddTeamMembersPayload:
        return await run_mutation(info, input, AddTeamMembersPayload)

    @strawberry.mutation(
        description="Removes users from a team, whoever joins or leaves it at the same time, which"
        " needs MANAGE_TEAMS."
    )
    async def remove_team_members(
        self, info: Info, input: RemoveTeamMembersInput
    ) -> RemoveTeamMembersPayload:
        return await run_mutation(info, input, RemoveTeamMembersPayload)
