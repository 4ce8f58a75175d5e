"""How many releases and signatures there are, for overviews and charts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.resolvers import run_query
from api.graphql.selection import Selection
from api.graphql.types.counts import BucketSize, ReleaseCount, ReleaseGrouping, SignatureCount
from api.graphql.types.filters import SignatureFilter
from api.graphql.types.release_filter import ReleaseFilter
from engine.commands.administration.validation import require_time_zone
from engine.queries import counts


@strawberry.type
class CountQueries:
    @strawberry.field(
        description="Counts the releases that the caller may see, in groups. Groups by status, type"
        " or category are complete and in the order of the enumeration; other groups come by"
        " size, the largest first, up to 100. A release with several keypairs counts for each."
    )
    async def release_counts(
        self,
        info: Info,
        group_by: Annotated[
            ReleaseGrouping,
            strawberry.argument(description="What the releases of one group have in common."),
        ],
        filter: ReleaseFilter | None = None,
    ) -> list[ReleaseCount]:
        return await run_query(info, _release_counts, group_by, filter or ReleaseFilter())

    @strawberry.field(
        description="Counts the signatures that `signatures` lists, by the hour or the day in which"
        " they were made. The answer has every hour or day that overlaps the time from `from` to"
        " `until`, whole and up to 750, also those without signatures."
    )
    async def signature_counts(
        self,
        info: Info,
        by: Annotated[
            BucketSize, strawberry.argument(description="Whether hours or days are counted.")
        ],
        from_: Annotated[
            datetime,
            strawberry.argument(
                name="from", description="An instant in the first hour or day to count."
            ),
        ],
        until: Annotated[
            datetime | None,
            strawberry.argument(
                description="The first instant that no longer has to be counted; it is now if left"
                " out."
            ),
        ] = None,
        time_zone: Annotated[
            str | None,
            strawberry.argument(
                description="The IANA name of the time zone whose hours and days are counted; it is"
                " the caller's own if left out."
            ),
        ] = None,
        filter: SignatureFilter | None = None,
    ) -> list[SignatureCount]:
        return await run_query(
            info, _signature_counts, by, from_, until, time_zone, filter or SignatureFilter()
        )


def _release_counts(
    cache: EntityCache, selection: Selection, group_by: ReleaseGrouping, filter: ReleaseFilter
) -> list[ReleaseCount]:
    groups = counts.release_counts(cache.reading, group_by, filter.to_filter())
    return [ReleaseCount.of(group_by, key, count) for key, count in groups]


def _signature_counts(
    cache: EntityCache,
    selection: Selection,
    by: BucketSize,
    since: datetime,
    until: datetime | None,
    time_zone: str | None,
    filter: SignatureFilter,
) -> list[SignatureCount]:
    zone = time_zone if time_zone is not None else _own_time_zone(cache)
    require_time_zone(zone)
    buckets = counts.signature_counts(
        cache.reading, by, since, until or cache.reading.now, ZoneInfo(zone), filter.to_filter()
    )
    return [
        SignatureCount(starts_at=b.starts_at, ends_at=b.ends_at, count=b.count) for b in buckets
    ]


def _own_time_zone(cache: EntityCache) -> str:
    id_ = cache.reading.actor.user_id
    assert id_ is not None
    time_zone: str = cache.users([id_])[id_].time_zone
    return time_zone
