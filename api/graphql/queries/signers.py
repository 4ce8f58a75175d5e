"""The signers of this installation."""

from __future__ import annotations

from collections.abc import Mapping

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.signer import Signer
from engine.queries.signers import configured_signers
from engine.signers import base


@strawberry.type
class SignerQueries:
    @strawberry.field(
        description="Returns the signers that keypairs can be in, sorted by name, with what each"
        " can do, for callers with MANAGE_KEYPAIRS."
    )
    async def signers(self, info: Info) -> list[Signer]:
        return await run_query(info, _signers, info.context.runtime.system.signers)


def _signers(
    cache: EntityCache, selection: Selection, signers: Mapping[str, base.Signer]
) -> list[Signer]:
    return [Signer.of(signer) for signer in configured_signers(cache.reading, signers)]
