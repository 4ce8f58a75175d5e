"""Request, edit, decide, withdraw, close and stop releases."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.mutations.payload import Payload
from api.graphql.mutations.release_inputs import (
    ApproveReleaseInput,
    CloseReleaseInput,
    CreateReleaseInput,
    RejectReleaseInput,
    StopReleaseInput,
    UpdateReleaseInput,
    WithdrawReleaseInput,
)
from api.graphql.resolvers import run_mutation
from api.graphql.types.release import Release


@strawberry.type(description="The result of a mutation of a release.")
class ReleasePayload(Payload):
    release: Release | None = strawberry.field(
        default=None,
        description="The release as it is now; it is null if the mutation was refused, except"
        " with REVISION_CONFLICT.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, release_id: UUID) -> Self:
        """Return the payload with the release as it is now."""
        return cls(release=cache.releases([release_id]).get(release_id))


@strawberry.type(description="The result of requesting a release.")
class CreateReleasePayload(ReleasePayload):
    pass


@strawberry.type(description="The result of editing a release.")
class UpdateReleasePayload(ReleasePayload):
    pass


@strawberry.type(description="The result of approving a release.")
class ApproveReleasePayload(ReleasePayload):
    pass


@strawberry.type(description="The result of rejecting a release.")
class RejectReleasePayload(ReleasePayload):
    pass


@strawberry.type(description="The result of withdrawing a release.")
class WithdrawReleasePayload(ReleasePayload):
    pass


@strawberry.type(description="The result of closing a release.")
class CloseReleasePayload(ReleasePayload):
    pass


@strawberry.type(description="The result of stopping a release.")
class StopReleasePayload(ReleasePayload):
    pass


@strawberry.type
class ReleaseMutations:
    @strawberry.mutation(description="Requests a release, which needs REQUEST_RELEASE.")
    async def create_release(self, info: Info, input: CreateReleaseInput) -> CreateReleasePayload:
        return await run_mutation(info, input, CreateReleasePayload)

    @strawberry.mutation(
        description="Edits a release completely or not at all, based on a revision."
    )
    async def update_release(self, info: Info, input: UpdateReleaseInput) -> UpdateReleasePayload:
        return await run_mutation(info, input, UpdateReleasePayload)

    @strawberry.mutation(description="Approves a release that is pending.")
    async def approve_release(
        self, info: Info, input: ApproveReleaseInput
    ) -> ApproveReleasePayload:
        return await run_mutation(info, input, ApproveReleasePayload)

    @strawberry.mutation(description="Rejects a release that is pending, which ends it.")
    async def reject_release(self, info: Info, input: RejectReleaseInput) -> RejectReleasePayload:
        return await run_mutation(info, input, RejectReleasePayload)

    @strawberry.mutation(description="Withdraws a release before its window starts.")
    async def withdraw_release(
        self, info: Info, input: WithdrawReleaseInput
    ) -> WithdrawReleasePayload:
        return await run_mutation(info, input, WithdrawReleasePayload)

    @strawberry.mutation(description="Closes a release before its window ends.")
    async def close_release(self, info: Info, input: CloseReleaseInput) -> CloseReleasePayload:
        return await run_mutation(info, input, CloseReleasePayload)

    @strawberry.mutation(
        description="Stops a release immediately and discards signatures that are being made."
    )
    async def stop_release(self, info: Info, input: StopReleaseInput) -> StopReleasePayload:
        return await run_mutation(info, input, StopReleasePayload)
