"""Gives due transitions priority over mails: thousands of windows may open at one instant.

Both take Python's interpreter lock in one process. Shared evenly, a window would open only when the
mails about those before it were rendered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Seconds that mails wait while the database is asked whether any transition is due.
LOOK_SECONDS = 0.1
#: Seconds that they wait while transitions are applied; after that both go on together.
MAX_HOLD_SECONDS = 15.0


class PriorityGate:
    """Held while due transitions are applied; relays wait for it. Used on one event loop."""

    def __init__(
        self, look_seconds: float = LOOK_SECONDS, hold_seconds: float = MAX_HOLD_SECONDS
    ) -> None:
        self._look_seconds = look_seconds
        self._hold_seconds = hold_seconds
        self._is_free = asyncio.Event()
        self._is_free.set()
        self._held_until = 0.0

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Hold the gate; the function that it yields extends the hold once there is a lot to do.

        Without that, relays wait for a moment only: to ask the database may itself take long.
        """
        since = time.monotonic()

        def insist() -> None:
            self._held_until = since + self._hold_seconds

        self._held_until = since + self._look_seconds
        self._is_free.clear()
        try:
            yield insist
        finally:
            self._is_free.set()

    async def wait(self, stopping: asyncio.Task[Any] | None = None) -> None:
        """Wait until it is free, or has been held for too long, or `stopping` is done."""
        while not self._is_free.is_set() and (left := self._held_until - time.monotonic()) > 0:
            freed = asyncio.create_task(self._is_free.wait())
            either = {freed} if stopping is None else {freed, stopping}
            await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            freed.cancel()
            if stopping is not None and stopping.done():
                return
