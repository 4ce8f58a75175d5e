"""Make and revoke API tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from api.graphql.context import Info, change
from api.graphql.ids import from_global
from api.graphql.mutations.payload import Payload, one
from api.graphql.shelf import Shelf
from api.graphql.types.enums import Permission
from api.graphql.types.people import ApiToken
from api.runtime import Runtime
from engine.commands.api_tokens import CreateApiToken, NewToken, RevokeApiToken
from engine.principal import Principal


@strawberry.input(description="A token to make, for oneself or for a service user.")
class CreateApiTokenInput:
    name: str = strawberry.field(description="What it is for; one line.")
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="A service user; needs MANAGE_USERS. Oneself without."
    )
    scopes: list[Permission] | None = strawberry.field(
        default=None,
        description="It reaches no further. Without: everything but APPROVE_RELEASE.",
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When it ends by itself; never without."
    )


@strawberry.input(description="A token to revoke.")
class RevokeApiTokenInput:
    id: strawberry.ID = strawberry.field(description="Which token.")


@strawberry.type(description="The new token.")
class CreateApiTokenPayload(Payload):
    token: ApiToken | None = strawberry.field(default=None, description="All but its secret.")
    secret: str | None = strawberry.field(
        default=None, description="In this answer and never again: keep it safe."
    )


@strawberry.type(description="The revoked token.")
class RevokeApiTokenPayload(Payload):
    token: ApiToken | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type
class TokenMutations:
    @strawberry.mutation(description="Make an API token. Its secret is in this answer only.")
    async def create_api_token(
        self, info: Info, input: CreateApiTokenInput
    ) -> CreateApiTokenPayload:
        async def act(runtime: Runtime, principal: Principal) -> NewToken:
            owner = input.user_id
            scopes = frozenset(input.scopes) if input.scopes is not None else None
            command = CreateApiToken(
                name=input.name,
                user_id=from_global(owner, "User", "user_id") if owner else None,
                scopes=scopes,
                expires_at=input.expires_at,
            )
            return await runtime.execute(principal, command)

        return await change(info, CreateApiTokenPayload, act, token=_token, secret=_secret)

    @strawberry.mutation(description="Revoke an API token; it holds at once.")
    async def revoke_api_token(
        self, info: Info, input: RevokeApiTokenInput
    ) -> RevokeApiTokenPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            command = RevokeApiToken(token_id=from_global(input.id, "ApiToken"))
            return await runtime.execute(principal, command)

        return await change(info, RevokeApiTokenPayload, act, token=one(Shelf.tokens))


def _token(shelf: Shelf, made: NewToken) -> ApiToken:
    return shelf.tokens([made.token_id])[made.token_id]


def _secret(shelf: Shelf, made: NewToken) -> str:
    return made.secret
