"""Hands what was committed in this process to listeners of the application that embeds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from engine.logs.exceptions import log_origin
from engine.logs.log_throttle import LogThrottle
from engine.model.events import Event
from engine.model.facts import Actor
from engine.persistence.store.ledger import LedgerEntry

log = structlog.get_logger("countersign.event_feed")

#: Events that wait for one listener; further ones are dropped.
MAX_WAITING_EVENTS = 10_000
#: How long a listener may take for one event.
LISTENER_SECONDS = 30.0
#: How long listeners may take for what still waits when the process ends.
SHUTDOWN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedEvent:
    """An entry that a commit of this process has added to the ledger of an account."""

    account_id: UUID
    #: In the ledger, counted from 1. Commits of other threads may be handed over in another order.
    position: int
    #: What happened; `event.tag` says which kind it is, like `release:approved`.
    event: Event
    #: Who did it, through which channel.
    actor: Actor
    #: When it counts as having happened: for what time made due, the planned instant.
    effective_at: datetime


Listener = Callable[[CommittedEvent], Awaitable[None]]


class EventFeed:
    """Calls one listener on the event loop, with one event after the other.

    An exception of the listener is logged, and neither the commit nor another listener learns of
    it. What happens while the feed does not run, or in another process, is not handed over.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Queue[CommittedEvent | None] = asyncio.Queue()
        self._dropped = LogThrottle()

    def __call__(self, account_id: UUID, entries: Sequence[LedgerEntry]) -> None:
        """Queue what was committed; called on the thread that committed it."""
        events = [_event(account_id, entry) for entry in entries]
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._queue, events)

    async def run(self) -> None:
        """Call the listener until `end`, and for what was queued before it."""
        self._loop = asyncio.get_running_loop()
        while (event := await self._waiting.get()) is not None:
            try:
                async with asyncio.timeout(LISTENER_SECONDS):
                    await self._listener(event)
            except Exception as error:  # noqa: BLE001 - whatever code of others raises
                log_origin(log, "event_listener_failed", error, tag=event.event.tag)

    def end(self) -> None:
        """End `run` once the listener has had what is queued by now."""
        if self._loop is not None:
            self._loop.call_soon(self._waiting.put_nowait, None)

    def _queue(self, events: Sequence[CommittedEvent]) -> None:
        for event in events:
            if self._waiting.qsize() < MAX_WAITING_EVENTS:
                self._waiting.put_nowait(event)
            else:
                _, not_logged = self._dropped.admit("dropped")
                if not_logged is not None:
                    log.warning("events_dropped", tag=event.event.tag, not_logged=not_logged)


def _event(account_id: UUID, entry: LedgerEntry) -> CommittedEvent:
    recorded = entry.recorded
    return CommittedEvent(
        account_id=account_id,
        position=entry.position,
        event=recorded.event,
        actor=recorded.actor,
        effective_at=recorded.effective_at,
    )


@asynccontextmanager
async def feeding(feeds: Sequence[EventFeed]) -> AsyncIterator[None]:
    """Call the listeners during the block, and after it for what has been committed in it."""
    tasks = [asyncio.create_task(feed.run()) for feed in feeds]
    # Each has its loop before anything is committed.
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for feed in feeds:
            feed.end()
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=SHUTDOWN_SECONDS)
            for task in unfinished:
                task.cancel()
