"""`releaseEvents`: the ledger followed from a cursor; nothing missed, nothing twice."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graphql.context import Context, Info
from api.graphql.entity_cache import EntityCache
from api.graphql.errors import top_level, unauthenticated
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

#: Seconds after which the ledger, and the credential, are looked at again in any case.
PAUSE = 0.8
#: A filter would go on as if there were no more news.
_SHRUNK = "You may see less than when this began. Subscribe again to follow what you see now."


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
        release_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="The id of the release to follow, if only one is to be followed."
            ),
        ] = None,
        after: Annotated[
            str | None,
            strawberry.argument(
                description="The cursor of the last event that was received, to resume after it."
            ),
        ] = None,
    ) -> AsyncGenerator[ReleaseEvent, None]:
        context = info.context
        with context.following(info.field_name):
            try:
                principal = await _still_valid(context)
                selection = selection_of(info)
                only = from_global(release_id, "Release", "release_id") if release_id else None
                position, held = await _start(context, principal, after)
                while True:
                    principal = await _still_valid(context)
                    found = await _next(context, principal, position, only, selection, held)
                    for event in found.events:
                        yield event
                        position = event.entry.position
                        # Who was slow to take it may have lost the right to the rest meanwhile.
                        if found.is_stale():
                            break
                    else:
                        position = found.happened.position
                    if not found.events and not found.happened.has_more:
                        await context.runtime.change_notifier.wait(principal.account_id, PAUSE)
            except Refusal as refusal:
                raise top_level(refusal) from refusal


async def _still_valid(context: Context) -> Principal:
    """Authorization is looked at again while a subscription lives."""
    principal = await context.authenticate()
    if principal is None:
        raise top_level(unauthenticated())
    return principal


@dataclass(frozen=True, slots=True)
class Found:
    """Events to tell, as true as they were when they were read."""

    events: list[ReleaseEvent]
    #: What they were read from; its position holds once all are told.
    happened: LedgerSlice
    read_at: float = field(default_factory=time.monotonic)

    def is_stale(self) -> bool:
        """Read so long ago that credential and permissions are looked at first."""
        return time.monotonic() - self.read_at > PAUSE


async def _start(
    context: Context, principal: Principal, after: str | None
) -> tuple[int, frozenset[Permission]]:
    """Where to begin, and which permissions it is begun with."""

    def find(reading: QueryContext) -> tuple[int, frozenset[Permission]]:
        newest = ledger_slices.newest_position(reading)
        position = newest if after is None else position_of(reading, after)
        return position, reading.actor.permissions & WIDENING

    return await context.runtime.read(principal, find)


async def _next(
    context: Context,
    principal: Principal,
    position: int,
    only: UUID | None,
    selection: Selection,
    held: frozenset[Permission],
) -> Found:
    def find(reading: QueryContext) -> Found:
        if held - reading.actor.permissions:
            raise Refusal(Code.FORBIDDEN, _SHRUNK)
        if only is not None and not ledger_slices.is_seen(reading, only):
            raise not_found("release", "release_id")
        happened = ledger_slices.ledger_after(reading, position, only)
        return Found(_told(EntityCache(reading), happened, selection), happened)

    return await context.runtime.read(principal, find)


def _told(cache: EntityCache, happened: LedgerSlice, selection: Selection) -> list[ReleaseEvent]:
    releases: dict[Any, Release] = cache.releases({row.release_id for row in happened.entries})
    found = [
        ReleaseEvent(
            cursor=cursor_of(row.position, row.hash),
            tag=row.tag,
            release=releases[row.release_id],
            entry=LedgerEntry.of(row),
        )
        for row in happened.entries
        if row.release_id in releases
    ]
    prefetch(cache, [event.release for event in found], selection.into("release"))
    prefetch(cache, [event.entry for event in found], selection.into("entry"))
    return found
