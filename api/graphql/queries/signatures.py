"""Signatures by what was signed, with which keypair, by whom, when and in which release."""

from __future__ import annotations

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, ByTime, First, Last
from api.graphql.types.enums import Direction
from api.graphql.types.filters import SignatureFilter, conditions_of
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.signature import Signature
from engine.persistence.db.pagination import PageArgs
from engine.queries import signatures as queries


@strawberry.type
class SignatureQueries:
    @strawberry.field(
        description="Returns signatures, newest first unless another direction is given: the"
        " caller's own, those of releases that the caller may see, and with VIEW_LEDGER or"
        " MANAGE_KEYPAIRS all of the account."
    )
    async def signatures(
        self,
        info: Info,
        filter: SignatureFilter | None = None,
        direction: ByTime = Direction.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Signature]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _signatures, filter, args, direction)


def _signatures(
    cache: EntityCache,
    selection: Selection,
    filter: SignatureFilter | None,
    args: PageArgs,
    direction: Direction,
) -> Connection[Signature]:
    conditions, descending = conditions_of(filter), direction is Direction.DESC
    page = queries.find(cache.reading, conditions, args, descending=descending)
    total = queries.count(cache.reading, conditions) if "totalCount" in selection else None
    items = [Signature.of(row) for row in page.items]
    return connect(Connection[Signature], Edge[Signature], items, page, total)
