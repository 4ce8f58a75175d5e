"""A semaphore that shares its slots fairly among accounts."""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import UUID


class FairSemaphore:
    """Admits a number of callers at a time; those that wait are admitted by account in turn.

    Within an account whoever came first goes first. For one event loop.
    """

    def __init__(self, slots: int) -> None:
        self._free = slots
        #: By account, in the order of their turns; None stands for no account.
        self._waiting: dict[UUID | None, deque[asyncio.Future[None]]] = {}

    @property
    def waiting(self) -> int:
        """The number of callers that wait for a slot."""
        return sum(map(len, self._waiting.values()))

    async def acquire(self, account_id: UUID | None) -> None:
        """Wait for a slot, which the caller gives back by `release`."""
        if self._free:
            self._free -= 1
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account_id, deque()).append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.release()  # a slot was given to it just before it was cancelled
            raise

    def release(self) -> None:
        """Give a slot back: it goes to the next caller that waits."""
        while self._waiting:
            account_id = next(iter(self._waiting))
            queue = self._waiting.pop(account_id)
            future = queue.popleft()
            if queue:
                self._waiting[account_id] = queue
            if not future.done():
                future.set_result(None)
                return
        self._free += 1
