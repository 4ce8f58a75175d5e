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
from engine.commands.administration.create_keypair import CreateKeypair, create_keypair
from engine.commands.administration.update_keypair import UpdateKeypair
from engine.model.principal import Principal


@strawberry.input(description="A keypair to make.")
class CreateKeypairInput:
    alias: str = strawberry.field(description="Unique in the account; one line.")
    type: ReleaseType = strawberry.field(description="Which type of release may hold it.")
    category: KeypairCategory = strawberry.field(
        default=KeypairCategory.STANDARD, description="What kind of signatures it makes."
    )
    access: KeypairAccess = strawberry.field(
        default=KeypairAccess.OPEN, description="Who may use it."
    )
    algorithm: KeypairAlgorithm = strawberry.field(
        default=KeypairAlgorithm.ECDSA_P256, description="What it is and how it signs."
    )
    backend: str = strawberry.field(default="local", description="The signer that holds it.")
    user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Who may use it while it is restricted."
    )
    has_default_certificate: bool = strawberry.field(
        default=False, description="It has a default certificate."
    )


@strawberry.input(description="A change of a keypair. A field left out stays.")
class UpdateKeypairInput:
    id: strawberry.ID = strawberry.field(description="Which keypair.")
    alias: str | None = strawberry.field(default=None, description="A new alias.")
    access: KeypairAccess | None = strawberry.field(default=None, description="Who may use it.")
    user_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="All mapped users, the old ones too."
    )
    has_default_certificate: bool | None = strawberry.field(
        default=None, description="It has a default certificate."
    )
    enabled: bool | None = strawberry.field(
        default=None, description="Disabling it stops the open release that holds it."
    )


@strawberry.type(description="The new keypair.")
class CreateKeypairPayload(Payload):
    keypair: Keypair | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The changed keypair.")
class UpdateKeypairPayload(Payload):
    keypair: Keypair | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type
class KeypairMutations:
    @strawberry.mutation(description="Make a keypair. Needs MANAGE_KEYPAIRS.")
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

    @strawberry.mutation(description="Change or disable a keypair. Needs MANAGE_KEYPAIRS.")
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
