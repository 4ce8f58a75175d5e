"""Create and revoke API tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global, to_global
from api.graphql.mutations.payload import Payload
from api.graphql.resolvers import run_mutation
from api.graphql.types.api_token import ApiToken
from api.graphql.types.enums import Permission
from api.runtime.runtime import Runtime
from engine.commands.credentials.api_tokens import CreateApiToken, NewToken, RevokeApiToken
from engine.commands.credentials.token_endings import RevokedTokens
from engine.model.principal import Principal


@strawberry.input(
    description="The properties of a token to create, for oneself or for a service user."
)
class CreateApiTokenInput:
    name: str = strawberry.field(
        description="The name of the token, on one line, which tells what it is used for."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of a service user, which needs MANAGE_USERS; the token is the"
        " caller's own if left out.",
    )
    scopes: list[Permission] | None = strawberry.field(
        default=None,
        description="The permissions that the token is limited to. If left out, it has"
        " every permission of its user but APPROVE_RELEASE, MANAGE_OWN_PROFILE"
        " and MANAGE_OWN_TOKENS, which have to be named.",
    )
    expires_at: datetime | None = strawberry.field(
        default=None,
        description="The time at which the token expires; it never does if left out. A"
        " token that is created with a token ends no later than that one.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> CreateApiToken:
        """Return the command; refuses ids of other types."""
        owner = self.user_id
        return CreateApiToken(
            name=self.name,
            user_id=from_global(owner, "User", "user_id") if owner else None,
            scopes=frozenset(self.scopes) if self.scopes is not None else None,
            expires_at=self.expires_at,
        )


@strawberry.input(description="The API token to revoke.")
class RevokeApiTokenInput:
    id: strawberry.ID = strawberry.field(description="The id of the token to revoke.")

    def to_command(self, runtime: Runtime, principal: Principal) -> RevokeApiToken:
        """Return the command; refuses ids of other types."""
        return RevokeApiToken(token_id=from_global(self.id, "ApiToken"))


@strawberry.type(description="The result of creating an API token.")
class CreateApiTokenPayload(Payload):
    token: ApiToken | None = strawberry.field(
        default=None, description="The new token without its secret, or null if it was refused."
    )
    secret: str | None = strawberry.field(
        default=None,
        description="The secret of the token, which is shown only in this answer and has to"
        " be kept safe.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, created: NewToken) -> Self:
        """Return the payload with the new token and its secret."""
        return cls(token=cache.tokens([created.token_id])[created.token_id], secret=created.secret)


@strawberry.type(description="The result of revoking an API token.")
class RevokeApiTokenPayload(Payload):
    token: ApiToken | None = strawberry.field(
        default=None, description="The revoked token, or null if it was refused."
    )
    revoked_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description="The ids of all tokens that ended: this one first, then those that were"
        " created with it, directly or indirectly.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, revoked: RevokedTokens) -> Self:
        """Return the payload with the token as it is now, and the ids of all that ended."""
        return cls(
            token=cache.tokens([revoked.token_id])[revoked.token_id],
            revoked_ids=[strawberry.ID(to_global("ApiToken", id_)) for id_ in revoked.ended_ids],
        )


@strawberry.type
class TokenMutations:
    @strawberry.mutation(
        description="Creates an API token, whose secret is shown only in this answer. With"
        " a token this needs the scope MANAGE_OWN_TOKENS, or MANAGE_USERS for a"
        " service user."
    )
    async def create_api_token(
        self, info: Info, input: CreateApiTokenInput
    ) -> CreateApiTokenPayload:
        return await run_mutation(info, input, CreateApiTokenPayload)

    @strawberry.mutation(
        description="Revokes an API token with immediate effect, together with all tokens"
        " that were created with it. With a token, one's own need the scope"
        " MANAGE_OWN_TOKENS and anybody else's MANAGE_USERS."
    )
    async def revoke_api_token(
        self, info: Info, input: RevokeApiTokenInput
    ) -> RevokeApiTokenPayload:
        return await run_mutation(info, input, RevokeApiTokenPayload)
