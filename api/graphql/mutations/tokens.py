"""Make and revoke API tokens."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.context import Info, run_mutation
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global, to_global
from api.graphql.mutations.payload import Payload
from api.graphql.types.enums import Permission
from api.graphql.types.people import ApiToken
from api.runtime.runtime import Runtime
from engine.commands.credentials.api_tokens import CreateApiToken, NewToken, RevokeApiToken
from engine.commands.credentials.token_endings import RevokedTokens
from engine.model.principal import Principal


@strawberry.input(description="A token to make, for oneself or for a service user.")
class CreateApiTokenInput:
    name: str = strawberry.field(description="What it is for; one line.")
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="A service user; needs MANAGE_USERS. Oneself without."
    )
    scopes: list[Permission] | None = strawberry.field(
        default=None,
        description="It reaches no further. Without: everything but APPROVE_RELEASE,"
        " MANAGE_OWN_PROFILE and MANAGE_OWN_TOKENS, which have to be named.",
    )
    expires_at: datetime | None = strawberry.field(
        default=None,
        description="When it ends by itself; never without. A token that is made with a token ends"
        " with that one at the latest.",
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
    revoked_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="All tokens that ended: this one first, then those that were made with it, and"
        " with those.",
    )


@strawberry.type
class TokenMutations:
    @strawberry.mutation(
        description="Make an API token. Its secret is in this answer only. With a token this needs"
        " the scope MANAGE_OWN_TOKENS, or MANAGE_USERS for a service user."
    )
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

        return await run_mutation(info, CreateApiTokenPayload, act, token=_token, secret=_secret)

    @strawberry.mutation(
        description="Revoke an API token, and with it all that were made with it; it holds at once."
        " One's own with a token needs the scope MANAGE_OWN_TOKENS, anybody's MANAGE_USERS."
    )
    async def revoke_api_token(
        self, info: Info, input: RevokeApiTokenInput
    ) -> RevokeApiTokenPayload:
        async def act(runtime: Runtime, principal: Principal) -> RevokedTokens:
            command = RevokeApiToken(token_id=from_global(input.id, "ApiToken"))
            return await runtime.execute(principal, command)

        return await run_mutation(
            info, RevokeApiTokenPayload, act, token=_revoked, revoked_ids=_revoked_ids
        )


def _token(shelf: EntityCache, made: NewToken) -> ApiToken:
    return shelf.tokens([made.token_id])[made.token_id]


def _revoked(shelf: EntityCache, revoked: RevokedTokens) -> ApiToken:
    return shelf.tokens([revoked.token_id])[revoked.token_id]


def _revoked_ids(shelf: EntityCache, revoked: RevokedTokens) -> list[strawberry.ID]:
    return [strawberry.ID(to_global("ApiToken", id_)) for id_ in revoked.ended_ids]


def _secret(shelf: EntityCache, made: NewToken) -> str:
    return made.secret
