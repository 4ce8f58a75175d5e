"""Revoke browser sessions, and unlink identities at a sign-in service."""

from __future__ import annotations

from typing import Self
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.mutations.payload import Payload
from api.graphql.resolvers import run_mutation
from api.graphql.types.people import User
from api.graphql.types.sign_in import Session
from api.runtime.runtime import Runtime
from engine.commands.credentials.identities import UnlinkIdentity
from engine.commands.credentials.sessions import RevokeSession
from engine.model.principal import Principal


@strawberry.input(description="The browser session to revoke.")
class RevokeSessionInput:
    id: strawberry.ID = strawberry.field(description="The id of the session to revoke.")

    def to_command(self, runtime: Runtime, principal: Principal) -> RevokeSession:
        """Return the command; refuses ids of other types."""
        return RevokeSession(session_id=from_global(self.id, "Session"))


@strawberry.input(description="The identity to unlink from its user.")
class UnlinkIdentityInput:
    id: strawberry.ID = strawberry.field(description="The id of the identity to unlink.")

    def to_command(self, runtime: Runtime, principal: Principal) -> UnlinkIdentity:
        """Return the command; refuses ids of other types."""
        return UnlinkIdentity(identity_id=from_global(self.id, "Identity"))


@strawberry.type(description="The result of revoking a session.")
class RevokeSessionPayload(Payload):
    session: Session | None = strawberry.field(
        default=None, description="The revoked session, or null if it was refused."
    )

    @classmethod
    def read_back(cls, cache: EntityCache, session_id: UUID) -> Self:
        """Return the payload with the session as it is now."""
        return cls(session=cache.sessions([session_id]).get(session_id))


@strawberry.type(description="The result of unlinking an identity.")
class UnlinkIdentityPayload(Payload):
    user: User | None = strawberry.field(
        default=None,
        description="The user to whom the identity belonged, or null if it was refused.",
    )

    @classmethod
    def read_back(cls, cache: EntityCache, user_id: UUID) -> Self:
        """Return the payload with the user as it is now."""
        return cls(user=cache.users([user_id]).get(user_id))


@strawberry.type
class SignInMutations:
    @strawberry.mutation(
        description="Signs a browser out with immediate effect. Users can revoke their own"
        " sessions, and those with MANAGE_USERS anybody's; with a token, one's"
        " own need the scope MANAGE_OWN_PROFILE."
    )
    async def revoke_session(self, info: Info, input: RevokeSessionInput) -> RevokeSessionPayload:
        return await run_mutation(info, input, RevokeSessionPayload)

    @strawberry.mutation(
        description="Unlinks an identity, so that nobody can sign in with it any more;"
        " sessions go on until they are revoked. Users can unlink their own"
        " identities, and those with MANAGE_USERS anybody's; with a token,"
        " one's own need the scope MANAGE_OWN_PROFILE."
    )
    async def unlink_identity(
        self, info: Info, input: UnlinkIdentityInput
    ) -> UnlinkIdentityPayload:
        return await run_mutation(info, input, UnlinkIdentityPayload)
