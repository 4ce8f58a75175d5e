"""Who may begin next: accounts take turns, and within one whoever came first goes first."""

from __future__ import annotations

import asyncio
from collections import deque
from uuid import UUID


class FairSemaphore:
    """So many at once. For one event loop."""

    def __init__(self, places: int) -> None:
        self._free = places
        #: The account whose turn is next comes first. None stands for no account.
        self._waiting: dict[UUID | None, deque[asyncio.Future[None]]] = {}

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(map(len, self._waiting.values()))

    async def acquire(self, account_id: UUID | None) -> None:
        """Wait for a turn; whoever got one gives it back."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(account_id, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()  # it came just when nobody wanted it any more
            raise

    def release(self) -> None:
        """A turn is over: the next one's begins."""
        while self._waiting:
            account_id = next(iter(self._waiting))
            line = self._waiting.pop(account_id)
            turn = line.popleft()
            if line:
                self._waiting[account_id] = line
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
