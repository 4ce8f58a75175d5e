"""`releaseEvents`: follows the ledger from a cursor, with nothing missed and nothing twice."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graphql.context import Context, Info
from api.graphql.entity_cache import EntityCache
from api.graphql.errors import to_graphql_error, unauthenticated
from api.graphql.ids import from_global
from api.graphql.prefetch import prefetch
from api.graphql.selection import Selection, selection_of
from api.graphql.subscriptions.cursors import cursor_of, position_of
from api.graphql.types.history import LedgerEntry
from api.graphql.types.release import Release
from engine.model.errors import Code, Refusal, not_found
from engine.model.principal import Principal
from engine.model.visibility import WIDENING
from engine.model.vocabulary import Permission
from engine.queries import ledger_slices
from engine.queries.context import QueryContext
from engine.queries.ledger_slices import LedgerSlice

#: Seconds after which the ledger and the credential are checked again in any case.
POLL_SECONDS = 0.8
#: A subscription that only sent less would look as if nothing happened any more.
_PERMISSIONS_LOST = (
    "You may see less than when this began. Subscribe again to follow what you see now."
)


OnlyRelease = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="The id of the release to follow, if only one is to be followed."
    ),
]
AfterEvent = Annotated[
    str | None,
    strawberry.argument(
        description="The cursor of the last event that was received, to resume after it."
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
    async def release_events(
        self,
        info: Info,
        release_id: OnlyRelease = None,
        after: AfterEvent = None,
    ) -> AsyncGenerator[ReleaseEvent, None]:
        context = info.context
        with context.following(info.field_name):
            try:
                principal = await _still_valid(context)
                selection = selection_of(info)
                only = from_global(release_id, "Release", "release_id") if release_id else None
                position, permissions = await _start_position(context, principal, after)
                while True:
                    principal = await _still_valid(context)
                    batch = await _next_batch(
                        context, principal, position, only, selection, permissions
                    )
                    for event in batch.events:
                        yield event
                        position = event.entry.position
                        # The caller of a slow client may have lost permissions meanwhile.
                        if batch.is_stale():
                            break
                    else:
                        position = batch.ledger_slice.position
                    if not batch.events and not batch.ledger_slice.has_more:
                        await context.runtime.change_notifier.wait(
                            principal.account_id, POLL_SECONDS
                        )
            except Refusal as refusal:
                raise to_graphql_error(refusal) from refusal


async def _still_valid(context: Context) -> Principal:
    """Return the caller, whose credential is checked again while a subscription is open."""
    principal = await context.authenticate()
    if principal is None:
        raise to_graphql_error(unauthenticated())
    return principal


@dataclass(frozen=True, slots=True)
class EventBatch:
    """The next events of a subscription, as they were when they were read."""

    events: list[ReleaseEvent]
    #: The ledger entries that they were read from; its position is next once all are sent.
    ledger_slice: LedgerSlice
    read_at: float = field(default_factory=time.monotonic)

    def is_stale(self) -> bool:
        """Tell whether credential and permissions have to be checked before more is sent."""
        return time.monotonic() - self.read_at > POLL_SECONDS


async def _start_position(
    context: Context, principal: Principal, after: str | None
) -> tuple[int, frozenset[Permission]]:
    """Return the position to begin after, and the permissions at the beginning."""

    def find(reading: QueryContext) -> tuple[int, frozenset[Permission]]:
        newest = ledger_slices.newest_position(reading)
        position = newest if after is None else position_of(reading, after)
        return position, reading.actor.permissions & WIDENING

    return await context.runtime.read(principal, find)


async def _next_batch(
    context: Context,
    principal: Principal,
    position: int,
    only: UUID | None,
    selection: Selection,
    permissions: frozenset[Permission],
) -> EventBatch:
    def find(reading: QueryContext) -> EventBatch:
        if permissions - reading.actor.permissions:
            raise Refusal(Code.FORBIDDEN, _PERMISSIONS_LOST)
        if only is not None and not ledger_slices.is_seen(reading, only):
            raise not_found("release", "release_id")
        ledger_slice = ledger_slices.ledger_after(reading, position, only)
        return EventBatch(_events(EntityCache(reading), ledger_slice, selection), ledger_slice)

    return await context.runtime.read(principal, find)


def _events(
    cache: EntityCache, ledger_slice: LedgerSlice, selection: Selection
) -> list[ReleaseEvent]:
    releases: dict[Any, Release] = cache.releases({row.release_id for row in ledger_slice.entries})
    events = [
        ReleaseEvent(
            cursor=cursor_of(row.position, row.hash),
            tag=row.tag,
            release=releases[row.release_id],
            entry=LedgerEntry.of(row),
        )
        for row in ledger_slice.entries
        if row.release_id in releases
    ]
    prefetch(cache, [event.release for event in events], selection.into("release"))
    prefetch(cache, [event.entry for event in events], selection.into("entry"))
    return events
