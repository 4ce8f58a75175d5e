"""`releaseEvents`: the ledger followed from a cursor; nothing missed, nothing twice."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.graphql.context import Context, Info
from api.graphql.errors import top_level, unauthenticated
from api.graphql.ids import from_global
from api.graphql.plan import Plan, plan_of
from api.graphql.prefetch import prefetch
from api.graphql.shelf import Shelf
from api.graphql.types.history import LedgerEntry
from api.graphql.types.release import Release
from engine.errors import Code, Refusal, not_found
from engine.principal import Principal
from engine.queries import events
from engine.queries.events import Happened
from engine.queries.reading import Reading

#: Seconds after which the ledger, and the credential, are looked at again in any case.
PAUSE = 0.8


@strawberry.type(description="Something that happened to a release the viewer sees.")
class ReleaseEvent:
    cursor: str = strawberry.field(description="Resume with it as `after`.")
    tag: str = strawberry.field(description="What happened, like `release:approved`.")
    release: Release = strawberry.field(description="The release, as it is now.")
    entry: LedgerEntry = strawberry.field(description="The ledger's entry.")


@strawberry.type(description="What can be followed.")
class ReleaseSubscriptions:
    @strawberry.subscription(
        description="What happens to the releases the viewer sees, in order. Resumes after a"
        " cursor with nothing missed and nothing twice; without one it starts now."
    )
    async def release_events(
        self,
        info: Info,
        release_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only this release.")
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="The last cursor that was received.")
        ] = None,
    ) -> AsyncGenerator[ReleaseEvent, None]:
        context = info.context
        with context.following(info.field_name):
            try:
                principal = await _still_valid(context)
                plan = plan_of(info)
                only = from_global(release_id, "Release", "release_id") if release_id else None
                position = await _start(context, principal, after)
                while True:
                    principal = await _still_valid(context)
                    found, position = await _next(context, principal, position, only, plan)
                    for event in found:
                        yield event
                    if not found:
                        await context.runtime.news.wait(principal.account_id, PAUSE)
            except Refusal as refusal:
                raise top_level(refusal) from refusal


async def _still_valid(context: Context) -> Principal:
    """Authorization is looked at again while a subscription lives."""
    principal = await context.authenticate()
    if principal is None:
        raise top_level(unauthenticated())
    return principal


async def _start(context: Context, principal: Principal, after: str | None) -> int:
    if after is not None:
        return _position(after)
    return await context.runtime.read(principal, events.newest_position)


async def _next(
    context: Context, principal: Principal, position: int, only: UUID | None, plan: Plan
) -> tuple[list[ReleaseEvent], int]:
    def find(reading: Reading) -> tuple[list[ReleaseEvent], int]:
        if only is not None and not events.is_seen(reading, only):
            raise not_found("release", "release_id")
        happened = events.happened_after(reading, position, only)
        return _told(Shelf(reading), happened, plan), happened.position

    return await context.runtime.read(principal, find)


def _told(shelf: Shelf, happened: Happened, plan: Plan) -> list[ReleaseEvent]:
    releases: dict[Any, Release] = shelf.releases({row.release_id for row in happened.entries})
    found = [
        ReleaseEvent(
            cursor=_cursor(row.position),
            tag=row.tag,
            release=releases[row.release_id],
            entry=LedgerEntry.of(row),
        )
        for row in happened.entries
        if row.release_id in releases
    ]
    prefetch(shelf, [event.release for event in found], plan.into("release"))
    prefetch(shelf, [event.entry for event in found], plan.into("entry"))
    return found


def _cursor(position: int) -> str:
    return urlsafe_b64encode(f"event:{position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        kind, _, text = urlsafe_b64decode(cursor.encode("ascii")).decode("ascii").partition(":")
        position = int(text) if kind == "event" and len(text) < 19 else -1
    except ValueError:
        position = -1
    if position < 0:
        message = "This cursor is malformed. Use one that an event gave you."
        raise Refusal(Code.INVALID_INPUT, message, "after")
    return position
