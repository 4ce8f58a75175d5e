"""Wakes whoever waits for an account's news: subscribers, on this process's event loop."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from uuid import UUID


class ChangeNotifier:
    """One of the engine's `System.commit_hooks`; waits end early when something was committed."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)

    def __call__(self, account_id: UUID) -> None:
        """There is news; may be called from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._wake, account_id)

    async def wait(self, account_id: UUID, seconds: float) -> None:
        """Until the account has news, or the time is over."""
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
