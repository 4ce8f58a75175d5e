"""Names looked up in threads, which nobody can call back: a slow name may hold one for long.

So one account's names hold a few threads at most, and leave the others to everybody else.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import Future, Semaphore
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

#: Look-ups at a time: of everybody, and of one account.
_THREADS = 32
_SHARE = 4

_account: ContextVar[UUID | None] = ContextVar("account", default=None)


@contextmanager
def on_behalf_of(account_id: UUID | None) -> Iterator[None]:
    """Whose names are looked up in this block: a connection pool passes on no more than a host."""
    token = _account.set(account_id)
    try:
        yield
    finally:
        _account.reset(token)


class Resolver:
    """Looks up what addresses names have."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "webhook-names")
        self._turns: defaultdict[UUID | None, Semaphore] = defaultdict(lambda: Semaphore(_SHARE))

    async def addresses(self, host: str, port: int) -> list[str]:
        """Raises `OSError` or `UnicodeError` where there are none."""
        turns = self._turns[_account.get()]
        await turns.acquire()
        running = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)

        def ended(future: Future[list[str]]) -> None:
            turns.release()
            if not future.cancelled():
                future.exception()  # perhaps nobody waits for it any more

        running.add_done_callback(ended)
        # Whoever gives up leaves the thread behind, and its turn is taken until that is done.
        return await asyncio.shield(running)

    def close(self) -> None:
        """No more look-ups."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A scope names an interface of ours: only link-local addresses have one.
    return list(dict.fromkeys(str(where[0]).partition("%")[0] for *_, where in found))
