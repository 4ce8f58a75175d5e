"""Wakes the subscribers of an account after a commit, on the event loop of this process."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from uuid import UUID


class ChangeNotifier:
    """A commit hook of the engine that ends the waits for changes of an account."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)

    def __call__(self, account_id: UUID) -> None:
        """Wake whoever waits for changes of an account; may be called from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake, account_id)

    async def wait(self, account_id: UUID, seconds: float) -> None:
        """Wait until something of the account is committed, for at most so many seconds."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        self._waiting[account_id].add(event)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)
        finally:
            self._waiting[account_id].discard(event)
            if not self._waiting[account_id]:
                del self._waiting[account_id]

    def _wake(self, account_id: UUID) -> None:
        for event in self._waiting.get(account_id, ()):
            event.set()
