"""Releases, the approval inbox, and the signing factors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.enums import Direction
from api.graphql.types.node import Connection, Edge, connect
from api.graphql.types.orders import ReleaseOrder, ReleaseOrderField
from api.graphql.types.origin import ClaimInput
from api.graphql.types.release import Release
from api.graphql.types.release_filter import ReleaseFilter
from api.graphql.types.signature import Factor, SignExplanation
from engine.model import facts
from engine.model.errors import Code, Refusal
from engine.persistence.db.pagination import Page, PageArgs
from engine.queries import releases as queries
from engine.queries import signing


@strawberry.input(
    description="The signature to evaluate: by whom, with which keypair and at which time."
)
class ExplainSignInput:
    keypair_id: strawberry.ID = strawberry.field(
        description="The id of the keypair that would sign."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the user who would sign, which needs MANAGE_KEYPAIRS; it is"
        " the caller if left out.",
    )
    at: datetime | None = strawberry.field(
        default=None,
        description="The time of the signature, which needs MANAGE_KEYPAIRS; it is now if"
        " left out.",
    )
    claims: list[ClaimInput] | None = strawberry.field(
        default=None,
        description="The claims of the pipeline that would sign, if the release asks for some;"
        " they are those of the caller's own token if left out.",
    )


@strawberry.type
class ReleaseQueries:
    @strawberry.field(
        description="Returns one release by its id or its name, or null if no such release"
        " is visible to the caller."
    )
    async def release(
        self,
        info: Info,
        id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="The global id of the release; give either this or the name."
            ),
        ] = None,
        name: Annotated[
            str | None,
            strawberry.argument(
                description="The name of the release, compared without regard to letter case; give"
                " either this or the id."
            ),
        ] = None,
    ) -> Release | None:
        return await run_query(info, _release, id, name)

    @strawberry.field(description="Returns the releases that the caller may see.")
    async def releases(
        self,
        info: Info,
        filter: ReleaseFilter | None = None,
        order_by: ReleaseOrder | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Release]:
        args = PageArgs(first, after, last, before)
        filter, order = filter or ReleaseFilter(), order_by or ReleaseOrder()
        return await run_query(info, _releases, filter, order, args)

    @strawberry.field(
        description="Returns the pending releases that wait for the caller's decision, the"
        " one that starts soonest first unless another order is given."
    )
    async def approval_inbox(
        self,
        info: Info,
        order_by: ReleaseOrder | None = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Release]:
        args, order = PageArgs(first, after, last, before), order_by or _soonest_first()
        return await run_query(info, _approval_inbox, order, args)

    @strawberry.field(
        description="Evaluates every condition of a signature without signing, to tell"
        " whether `sign` would succeed."
    )
    async def explain_sign(self, info: Info, input: ExplainSignInput) -> SignExplanation:
        return await run_query(info, _explain_sign, input)


def _release(
    cache: EntityCache, selection: Selection, id: strawberry.ID | None, name: str | None
) -> Release | None:
    if (id is None) == (name is None):
        raise Refusal(Code.INVALID_INPUT, "Give exactly one of id and name.", "id")
    if id is not None:
        id_ = from_global(id, "Release")
        return cache.releases([id_]).get(id_)
    release = queries.by_name(cache.reading, name or "")
    return cache.put_releases([release])[0] if release is not None else None


def _releases(
    cache: EntityCache,
    selection: Selection,
    filter: ReleaseFilter,
    order: ReleaseOrder,
    args: PageArgs,
) -> Connection[Release]:
    conditions, descending = filter.to_filter(), order.direction is Direction.DESC
    page = queries.find(cache.reading, conditions, order.field.value, args, descending=descending)
    total = queries.count(cache.reading, conditions) if "totalCount" in selection else None
    return _connect(cache, page, total)


def _soonest_first() -> ReleaseOrder:
    return ReleaseOrder(field=ReleaseOrderField.STARTS_AT, direction=Direction.ASC)


def _approval_inbox(
    cache: EntityCache, selection: Selection, order: ReleaseOrder, args: PageArgs
) -> Connection[Release]:
    descending = order.direction is Direction.DESC
    page = queries.inbox(cache.reading, order.field.value, args, descending=descending)
    total = queries.inbox_count(cache.reading) if "totalCount" in selection else None
    return _connect(cache, page, total)


def _explain_sign(
    cache: EntityCache, selection: Selection, input: ExplainSignInput
) -> SignExplanation:
    user_id = from_global(input.user_id, "User", "userId") if input.user_id else None
    keypair_id = from_global(input.keypair_id, "Keypair", "keypairId")
    claims = {c.name: c.value for c in input.claims} if input.claims is not None else None
    evaluation = signing.explain(cache.reading, keypair_id, user_id, input.at, claims)
    return SignExplanation(
        allowed=evaluation.allowed,
        factors=[Factor.of(factor) for factor in evaluation.factors],
        release_id=evaluation.release_id,
    )


def _connect(
    cache: EntityCache, page: Page[facts.Release], total: int | None
) -> Connection[Release]:
    items = cache.put_releases(page.items)
    return connect(Connection[Release], Edge[Release], items, page, total)
