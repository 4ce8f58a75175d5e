"""Wakes a loop from any thread: one of the engine's `System.delivery_hooks`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import UUID


class Wakeup:
    """Ends the pause of a loop early. A call before anybody waits is not lost."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._branches: list[Wakeup] = []

    def branch(self) -> Wakeup:
        """Return one for another loop, which is woken whenever this one is."""
        branch = Wakeup()
        self._branches.append(branch)
        return branch

    def __call__(self, account_id: UUID | None = None) -> None:
        """Wake whoever waits; may be called from any thread."""
        for branch in self._branches:
            branch(account_id)
        if self._event.is_set():
            return
        if self._loop is None:
            self._event.set()
            return
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, seconds: float) -> None:
        """Wait until woken, but no longer than so many seconds."""
        self._loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()
