"""Time goes first: thousands of windows may open at one instant, and their mails can wait a little.

Both are Python's work in one process. Shared evenly, a window would be seen open only when the
mails of those before it were written.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: Seconds that mails wait at most; after that they are sent beside whatever still goes on.
PATIENCE = 5.0


class Precedence:
    """Held by whoever goes first; the others wait for it. Used on one event loop."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._is_free = asyncio.Event()
        self._is_free.set()
        self._held_until = 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """By one at a time."""
        self._held_until = time.monotonic() + self._patience
        self._is_free.clear()
        try:
            yield
        finally:
            self._is_free.set()

    async def wait(self) -> None:
        """Until it is free, or has been held for too long."""
        left = self._held_until - time.monotonic()
        if not self._is_free.is_set() and left > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_free.wait(), left)
