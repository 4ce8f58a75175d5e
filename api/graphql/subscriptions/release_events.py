"""`releaseEvents`: what happens to the releases that the caller sees."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Annotated, Any

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import from_global
from api.graphql.prefetch import prefetch
from api.graphql.selection import Selection, selection_of
from api.graphql.subscriptions.cursors import cursor_of
from api.graphql.subscriptions.following import AfterEvent, EventBatch, follow
from api.graphql.types.ledger import LedgerEntry
from api.graphql.types.release import Release
from engine.model.errors import not_found
from engine.queries import ledger_slices

OnlyRelease = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="The id of the release to follow, if only one is to be followed."
    ),
]


@strawberry.type(description="An event in the life of a release that the caller may see.")
class ReleaseEvent:
    cursor: str = strawberry.field(
        description="The cursor with which a subscription can resume after this event."
    )
    tag: str = strawberry.field(description="The tag of the event, like `release:approved`.")
    release: Release = strawberry.field(description="The release in its present state.")
    entry: LedgerEntry = strawberry.field(
        description="The entry of the ledger that records the event."
    )


@strawberry.type(description="The subscriptions that deliver events about releases.")
class ReleaseSubscriptions:
    @strawberry.subscription(
        description="Delivers, in order, what happens to the releases that the caller may"
        " see. With a cursor it resumes after that event, with nothing missed"
        " and nothing repeated; without one it starts now."
    )
    def release_events(
        self,
        info: Info,
        release_id: OnlyRelease = None,
        after: AfterEvent = None,
    ) -> AsyncGenerator[ReleaseEvent, None]:
        return follow(info, after, partial(_read_events, release_id, selection_of(info)))


def _read_events(
    release_id: strawberry.ID | None, selection: Selection, cache: EntityCache, position: int
) -> EventBatch[ReleaseEvent]:
    only = from_global(release_id, "Release", "release_id") if release_id else None
    if only is not None and not ledger_slices.is_seen(cache.reading, only):
        raise not_found("release", "release_id")
    ledger_slice = ledger_slices.ledger_after(cache.reading, position, only)
    rows = ledger_slice.entries
    releases: dict[Any, Release] = cache.releases({row.release_id for row in rows})
    events = [
        (
            row.position,
            ReleaseEvent(
                cursor=cursor_of(row.position, row.hash),
                tag=row.tag,
                release=releases[row.release_id],
                entry=LedgerEntry.of(row),
            ),
        )
        for row in rows
        if row.release_id in releases
    ]
    prefetch(cache, [event.release for _, event in events], selection.into("release"))
    prefetch(cache, [event.entry for _, event in events], selection.into("entry"))
    return EventBatch(events, ledger_slice.position, ledger_slice.has_more)
