"""Ends connections whose clients read nothing of what was written to them.

A transport that is closed, too, stays open until its client has read everything.
"""

from __future__ import annotations

import asyncio


class UnreadDeadline(asyncio.Protocol):
    """A protocol, with uvicorn's as its next base, that looks now and then if its client reads.

    A client has read something where less is left than at the look before, or where the transport
    asked for more meanwhile.
    """

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop

    _unread_timer: asyncio.TimerHandle | None = None
    #: At the last look; 0: there was nothing to read, or the transport has asked for more since.
    _unread_bytes: int = 0

    def watch_unread(self, seconds: float) -> None:
        """Look each time so many seconds have passed, until the connection has ended."""
        self._unread_timer = self.loop.call_later(seconds, self._look, seconds)

    def stop_watching_unread(self) -> None:
        """Look no more."""
        if self._unread_timer is not None:
            self._unread_timer.cancel()

    def resume_writing(self) -> None:
        """Note that the client has read."""
        self._unread_bytes = 0
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self.stop_watching_unread()
        super().connection_lost(exc)

    def _look(self, seconds: float) -> None:
        unread_bytes = self.transport.get_write_buffer_size()
        if 0 < self._unread_bytes <= unread_bytes:
            self.transport.abort()
            return
        self._unread_bytes = unread_bytes
        self.watch_unread(seconds)
