"""Renew keypairs by successors, and retire them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.context import Info
from api.graphql.ids import from_global
from api.graphql.mutations.keypairs import KeypairPayload
from api.graphql.resolvers import run_mutation
from api.runtime.runtime import Runtime
from engine.commands.keys.succession import RenewKeypair, RetireKeypair
from engine.model.principal import Principal


@strawberry.input(description="The keypair to create a successor of, and why.")
class RenewKeypairInput:
    keypair_id: strawberry.ID = strawberry.field(
        description="The id of the keypair that gets a successor."
    )
    alias: str = strawberry.field(
        description="The name of the successor, on one line and unique in the account."
    )
    reason: str = strawberry.field(
        description="Why the keypair is renewed, for the ledger and the administrators."
    )
    openpgp_expires_at: datetime | None = strawberry.field(
        default=None,
        description="The time at which the OpenPGP certificate of a successor of the category GPG"
        " expires; it does not if left out.",
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> RenewKeypair:
        """Return the command; refuses ids of other types."""
        return RenewKeypair(
            keypair_id=from_global(self.keypair_id, "Keypair", "keypair_id"),
            alias=self.alias,
            reason=self.reason,
            openpgp_expires_at=self.openpgp_expires_at,
        )


@strawberry.input(description="The keypair to retire for good, and why.")
class RetireKeypairInput:
    keypair_id: strawberry.ID = strawberry.field(description="The id of the keypair to retire.")
    reason: str = strawberry.field(
        description="Why the keypair is retired, for the ledger and the administrators."
    )

    def to_command(self, runtime: Runtime, principal: Principal) -> RetireKeypair:
        """Return the command; refuses ids of other types."""
        keypair_id = from_global(self.keypair_id, "Keypair", "keypair_id")
        return RetireKeypair(keypair_id=keypair_id, reason=self.reason)


@strawberry.type(description="The result of renewing a keypair, with the successor.")
class RenewKeypairPayload(KeypairPayload):
    pass


@strawberry.type(description="The result of retiring a keypair.")
class RetireKeypairPayload(KeypairPayload):
    pass


@strawberry.type
class SuccessionMutations:
    @strawberry.mutation(
        description="Creates a successor of a keypair, which needs MANAGE_KEYPAIRS: a keypair"
        " with a key of its own of the same algorithm in the same signer, and with the same type,"
        " category, access, users and teams. The predecessor stays as it is until it is retired,"
        " and has one successor only."
    )
    async def renew_keypair(self, info: Info, input: RenewKeypairInput) -> RenewKeypairPayload:
        return await run_mutation(info, input, RenewKeypairPayload)

    @strawberry.mutation(
        description="Retires a keypair, which needs MANAGE_KEYPAIRS. It never signs again and is"
        " never enabled again; its public key, its certificates and its signatures stay. The open"
        " release that holds it is stopped."
    )
    async def retire_keypair(self, info: Info, input: RetireKeypairInput) -> RetireKeypairPayload:
        return await run_mutation(info, input, RetireKeypairPayload)
