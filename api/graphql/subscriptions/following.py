"""Follows an account's ledger from a cursor, with nothing missed and nothing twice.

All subscriptions do this: they differ in which entries they make events of.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Generic, TypeAlias, TypeVar

import strawberry

from api.graphql.context import Context, Info
from api.graphql.entity_cache import EntityCache
from api.graphql.errors import to_graphql_error, unauthenticated
from api.graphql.subscriptions.cursors import position_of
from engine.model.errors import Code, Refusal
from engine.model.principal import Principal
from engine.model.visibility import WIDENING
from engine.model.vocabulary import Permission
from engine.queries import ledger_slices
from engine.queries.context import QueryContext

#: Seconds after which the ledger and the credential are checked again in any case.
POLL_SECONDS = 0.8
#: A subscription that only sent less would look as if nothing happened any more.
_PERMISSIONS_LOST = (
    "You may see less than when this began. Subscribe again to follow what you see now."
)

EventT = TypeVar("EventT")

AfterEvent = Annotated[
    str | None,
    strawberry.argument(
        description="The cursor of the last event that was received, to resume after it."
    ),
]


@dataclass(frozen=True, slots=True)
class EventBatch(Generic[EventT]):
    """The next events of a subscription, as they were when they were read."""

    #: Each with the position of its entry, of which there is one for each event.
    events: list[tuple[int, EventT]]
    #: The position that is next once all are sent.
    position: int
    #: There are more entries to read at once.
    has_more: bool
    read_at: float = field(default_factory=time.monotonic)

    def is_stale(self) -> bool:
        """Tell whether credential and permissions have to be checked before more is sent."""
        return time.monotonic() - self.read_at > POLL_SECONDS


#: Reads the next events after a position of the ledger.
ReadEvents: TypeAlias = Callable[[EntityCache, int], EventBatch[EventT]]


async def follow(
    info: Info, after: str | None, read_events: ReadEvents[EventT]
) -> AsyncGenerator[EventT, None]:
    """Yield events as they happen, until the caller's credential or permissions are lost.

    Args:
        info: The resolver's own.
        after: The cursor of the event to resume after; None: begin now.
        read_events: Reads the next events; a refusal of it ends the subscription.
    """
    context = info.context
    with context.following(info.field_name):
        try:
            principal = await _still_valid(context)
            position, permissions = await context.runtime.read(principal, partial(_start, after))
            while True:
                principal = await _still_valid(context)
                read = partial(_next_batch, read_events, position, permissions)
                batch = await context.runtime.read(principal, read)
                for entry_position, event in batch.events:
                    yield event
                    position = entry_position
                    # The caller of a slow client may have lost permissions meanwhile.
                    if batch.is_stale():
                        break
                else:
                    position = batch.position
                if not batch.events and not batch.has_more:
                    await context.runtime.change_notifier.wait(principal.account_id, POLL_SECONDS)
        except Refusal as refusal:
            raise to_graphql_error(refusal) from refusal


async def _still_valid(context: Context) -> Principal:
    """Return the caller, whose credential is checked again while a subscription is open."""
    principal = await context.authenticate()
    if principal is None:
        raise to_graphql_error(unauthenticated())
    return principal


def _start(after: str | None, reading: QueryContext) -> tuple[int, frozenset[Permission]]:
    """Return the position to begin after, and the permissions at the beginning."""
    newest = ledger_slices.head(reading).count
    position = newest if after is None else position_of(reading, after)
    return position, reading.actor.permissions & WIDENING


def _next_batch(
    read_events: ReadEvents[EventT],
    position: int,
    permissions: frozenset[Permission],
    reading: QueryContext,
) -> EventBatch[EventT]:
    if permissions - reading.actor.permissions:
        raise Refusal(Code.FORBIDDEN, _PERMISSIONS_LOST)
    return read_events(EntityCache(reading), position)
