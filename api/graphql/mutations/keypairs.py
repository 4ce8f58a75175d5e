"""Make and change keypairs."""

from __future__ import annotations

from uuid import UUID

import strawberry

from api.graphql.context import Info, run_mutation
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global, from_globals
from api.graphql.mutations.payload import Payload, given, one
from api.graphql.types.enums import (
    KeypairAccess,
    KeypairAlgorithm,
    KeypairCategory,
    ReleaseType,
)
from api.graphql.types.keypair import Keypair
from api.runtime.runtime import Runtime
from engine.commands.administration.keypairs import CreateKeypair, UpdateKeypair, create_keypair
from engine.model.principal import Principal


@strawberry.input(description="The properties of the keypair to create.")
class CreateKeypairInput:
    alias: str = strawberry.field(
        description="The name of the keypair, on one line and unique in the account."
    )
    type: ReleaseType = strawberry.field(
        description="The type of release that can hold the keypair."
    )
    category: KeypairCategory = strawberry.field(
        default=KeypairCategory.STANDARD,
        description="The kind of signatures that the keypair makes.",
    )
    access: KeypairAccess = strawberry.field(
        default=KeypairAccess.OPEN,
        description="The rule that decides which users may use the keypair.",
    )
    algorithm: KeypairAlgorithm = strawberry.field(
        default=KeypairAlgorithm.ECDSA_P256,
        description="The key type and the signature scheme of the keypair.",
    )
    backend: str = strawberry.field(
        default="local", description="The name of the signer that holds the private key."
    )
    user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of the users who may use the keypair while it is restricted.",
    )
    has_default_certificate: bool = strawberry.field(
        default=False, description="Whether the keypair has a default certificate."
    )


@strawberry.input(description="The changes of a keypair; a field that is left out stays as it is.")
class UpdateKeypairInput:
    id: strawberry.ID = strawberry.field(description="The id of the keypair to change.")
    alias: str | None = strawberry.field(default=None, description="The new name of the keypair.")
    access: KeypairAccess | None = strawberry.field(
        default=None, description="The new rule that decides which users may use the keypair."
    )
    user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="The ids of all users to assign to the keypair, including those who are"
        " to stay.",
    )
    has_default_certificate: bool | None = strawberry.field(
        default=None, description="Whether the keypair has a default certificate."
    )
    enabled: bool | None = strawberry.field(
        default=None,
        description="Whether the keypair is enabled; disabling it stops the open release"
        " that holds it.",
    )


@strawberry.type(description="The result of creating a keypair.")
class CreateKeypairPayload(Payload):
    keypair: Keypair | None = strawberry.field(
        default=None, description="The new keypair, or null if it was refused."
    )


@strawberry.type(description="The result of changing a keypair.")
class UpdateKeypairPayload(Payload):
    keypair: Keypair | None = strawberry.field(
        default=None, description="The keypair after the change, or null if the change was refused."
    )


@strawberry.type
class KeypairMutations:
    @strawberry.mutation(description="Creates a keypair in a signer, which needs MANAGE_KEYPAIRS.")
    async def create_keypair(self, info: Info, input: CreateKeypairInput) -> CreateKeypairPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            asked = CreateKeypair(
                alias=input.alias,
                type=input.type,
                category=input.category,
                access=input.access,
                algorithm=input.algorithm,
                backend=input.backend,
                user_ids=from_globals(input.user_ids or (), "User", "user_ids"),
                has_default_certificate=input.has_default_certificate,
            )
            made: UUID = await runtime.run_blocking(
                lambda: create_keypair(runtime.system, principal, asked)
            )
            return made

        return await run_mutation(
            info, CreateKeypairPayload, act, keypair=one(EntityCache.keypairs)
        )

    @strawberry.mutation(description="Changes or disables a keypair, which needs MANAGE_KEYPAIRS.")
    async def update_keypair(self, info: Info, input: UpdateKeypairInput) -> UpdateKeypairPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            changes = given(input, "alias", "access", "has_default_certificate", "enabled")
            if input.user_ids is not None:
                changes["user_ids"] = from_globals(input.user_ids, "User", "user_ids")
            keypair_id = from_global(input.id, "Keypair")
            return await runtime.execute(principal, UpdateKeypair(keypair_id=keypair_id, **changes))

        return await run_mutation(
            info, UpdateKeypairPayload, act, keypair=one(EntityCache.keypairs)
        )
