"""End browser sessions, and unlink identities at a sign-in service."""

from __future__ import annotations

from uuid import UUID

import strawberry

from api.graphql.context import Info, run_mutation
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.mutations.payload import Payload, one
from api.graphql.types.people import User
from api.graphql.types.sign_in import Session
from api.runtime.runtime import Runtime
from engine.commands.credentials.identities import UnlinkIdentity
from engine.commands.credentials.sessions import RevokeSession
from engine.model.principal import Principal


@strawberry.input(description="A session to end.")
class EndSessionInput:
    id: strawberry.ID = strawberry.field(description="Which session.")


@strawberry.input(description="An identity to unlink.")
class UnlinkIdentityInput:
    id: strawberry.ID = strawberry.field(description="Which identity.")


@strawberry.type(description="The ended session.")
class EndSessionPayload(Payload):
    session: Session | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="The user whose identity it was.")
class UnlinkIdentityPayload(Payload):
    user: User | None = strawberry.field(default=None, description="As they are now.")


@strawberry.type
class SignInMutations:
    @strawberry.mutation(
        description="Sign a browser out; it holds at once. One's own, or with MANAGE_USERS"
        " anybody's. One's own with a token needs the scope MANAGE_OWN_PROFILE."
    )
    async def end_session(self, info: Info, input: EndSessionInput) -> EndSessionPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            command = RevokeSession(session_id=from_global(input.id, "Session"))
            return await runtime.execute(principal, command)

        return await run_mutation(info, EndSessionPayload, act, session=one(EntityCache.sessions))

    @strawberry.mutation(
        description="Sign in with an identity no more; sessions go on until they are ended. One's"
        " own, or with MANAGE_USERS anybody's. One's own with a token needs the scope"
        " MANAGE_OWN_PROFILE."
    )
    async def unlink_identity(
        self, info: Info, input: UnlinkIdentityInput
    ) -> UnlinkIdentityPayload:
        async def act(runtime: Runtime, principal: Principal) -> UUID:
            command = UnlinkIdentity(identity_id=from_global(input.id, "Identity"))
            return await runtime.execute(principal, command)

        return await run_mutation(info, UnlinkIdentityPayload, act, user=one(EntityCache.users))
