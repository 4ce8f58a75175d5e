"""Certificates of all keypairs."""

from __future__ import annotations

from typing import Annotated

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.arguments import After, Before, First, Last
from api.graphql.types.certificate import Certificate, CertificateFilter
from api.graphql.types.enums import Direction
from api.graphql.types.node import Connection, Edge, connect
from engine.persistence.db.pagination import PageArgs
from engine.queries import records
from engine.queries.records import RecordKind


@strawberry.type
class CertificateQueries:
    @strawberry.field(
        description="Returns the certificates of the account's keypairs, those that expire soonest"
        " first unless another direction is given."
    )
    async def certificates(
        self,
        info: Info,
        filter: CertificateFilter | None = None,
        direction: Annotated[
            Direction,
            strawberry.argument(
                description="Whether those that expire soonest or latest come first."
            ),
        ] = Direction.ASC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Certificate]:
        args = PageArgs(first, after, last, before)
        return await run_query(info, _certificates, filter or CertificateFilter(), args, direction)


def _certificates(
    cache: EntityCache,
    selection: Selection,
    filter: CertificateFilter,
    args: PageArgs,
    direction: Direction,
) -> Connection[Certificate]:
    kind, conditions, reading = RecordKind.CERTIFICATE, filter.to_filter(), cache.reading
    descending = direction is Direction.DESC
    page = records.find(reading, kind, args, conditions, descending=descending)
    total = records.count(reading, kind, conditions) if "totalCount" in selection else None
    items = cache.put_records(Certificate, page.items)
    return connect(Connection[Certificate], Edge[Certificate], items, page, total)
