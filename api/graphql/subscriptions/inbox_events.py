"""`inboxEvents`: which requests begin and end to wait for the caller's decision."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from functools import partial
from uuid import UUID

import strawberry

from api.graphql.context import Info
from api.graphql.entity_cache import EntityCache
from api.graphql.ids import to_global
from api.graphql.prefetch import prefetch
from api.graphql.selection import Selection, selection_of
from api.graphql.subscriptions.cursors import cursor_of
from api.graphql.subscriptions.following import AfterEvent, EventBatch, follow
from api.graphql.types.release import Release
from engine.queries import inbox_changes
from engine.queries.inbox_changes import InboxChange


@strawberry.type(description="A change of what waits for the caller's decision.")
class InboxEvent:
    cursor: str = strawberry.field(
        description="The cursor with which a subscription can resume after this event."
    )
    tag: str = strawberry.field(
        description="The tag of the event that caused the change, like `release:requested`."
    )
    occurred_at: datetime = strawberry.field(description="The time at which the event happened.")
    began: list[Release] = strawberry.field(
        description="The releases that wait for the caller's decision from this event on, in their"
        " present state. After a change of people, roles, teams or settings it is all of them."
    )
    ended_ids: list[strawberry.ID] = strawberry.field(
        description="The ids of the releases that do not wait for the caller's decision any more."
    )


@strawberry.type(description="The subscriptions that deliver changes of the approval inbox.")
class InboxSubscriptions:
    @strawberry.subscription(
        description="Delivers, in order, which releases begin and end to wait for the caller's"
        " decision. It resumes after a cursor as `releaseEvents` does."
    )
    def inbox_events(
        self, info: Info, after: AfterEvent = None
    ) -> AsyncGenerator[InboxEvent, None]:
        return follow(info, after, partial(_read_events, selection_of(info)))


def _read_events(selection: Selection, cache: EntityCache, position: int) -> EventBatch[InboxEvent]:
    ledger_slice = inbox_changes.entries_after(cache.reading, position)
    changes = inbox_changes.changes_by(cache.reading, ledger_slice)
    releases = cache.releases({id_ for change in changes for id_ in change.began})
    events = [(change.entry.position, _event(change, releases)) for change in changes]
    prefetch(cache, list(releases.values()), selection.into("began"))
    return EventBatch(events, ledger_slice.position, ledger_slice.has_more)


def _event(change: InboxChange, releases: dict[UUID, Release]) -> InboxEvent:
    entry = change.entry
    return InboxEvent(
        cursor=cursor_of(entry.position, entry.hash),
        tag=entry.tag,
        occurred_at=entry.effective_at,
        began=[releases[id_] for id_ in sorted(change.began) if id_ in releases],
        ended_ids=[strawberry.ID(to_global("Release", id_)) for id_ in sorted(change.ended)],
    )
