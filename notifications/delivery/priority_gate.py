"""Time goes first: thousands of windows may open at one instant, and their mails can wait a little.

Both are Python's work in one process. Shared evenly, a window would be seen open only when the
mails of those before it were written.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Seconds that mails wait while it is looked whether anything is due.
POLL_SECONDS = 0.1
#: Seconds that they wait while a lot is; after that they are sent beside whatever still goes on.
MAX_HOLD_SECONDS = 15.0


class PriorityGate:
    """Held by whoever goes first; the others wait for it. Used on one event loop."""

    def __init__(self, glance: float = POLL_SECONDS, patience: float = MAX_HOLD_SECONDS) -> None:
        self._glance = glance
        self._patience = patience
        self._is_free = asyncio.Event()
        self._is_free.set()
        self._held_until = 0.0

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """By one at a time, who insists once there turns out to be a lot to do: a look may itself
        have to wait for a busy database, and mails shall not for that.
        """
        since = time.monotonic()

        def insist() -> None:
            self._held_until = since + self._patience

        self._held_until = since + self._glance
        self._is_free.clear()
        try:
            yield insist
        finally:
            self._is_free.set()

    async def wait(self, stopping: asyncio.Task[Any] | None = None) -> None:
        """Until it is free, or has been held for too long, or whoever waits is to stop."""
        while not self._is_free.is_set() and (left := self._held_until - time.monotonic()) > 0:
            freed = asyncio.create_task(self._is_free.wait())
            either = {freed} if stopping is None else {freed, stopping}
            await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            freed.cancel()
            if stopping is not None and stopping.done():
                return
