"""Looks host names up in threads.

A look-up cannot be cancelled, so a slow name server may block its thread for long. Each account
therefore uses a few threads at most, and leaves the others to the rest.
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

#: How many look-ups run at a time, altogether and for one account.
_LOOKUPS = 32
_LOOKUPS_PER_ACCOUNT = 4

_account: ContextVar[UUID | None] = ContextVar("account", default=None)


@contextmanager
def on_behalf_of(account_id: UUID | None) -> Iterator[None]:
    """Count the look-ups of this block for an account; a connection pool cannot pass it along."""
    token = _account.set(account_id)
    try:
        yield
    finally:
        _account.reset(token)


class Resolver:
    """Looks up the addresses of host names."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS, "webhook-names")
        self._semaphores = defaultdict[UUID | None, Semaphore](
            lambda: Semaphore(_LOOKUPS_PER_ACCOUNT)
        )

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host.

        Raises:
            OSError: There are none, or no name server answers.
            UnicodeError: The name cannot be encoded.
        """
        semaphore = self._semaphores[_account.get()]
        await semaphore.acquire()
        lookup = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)

        def release(future: Future[list[str]]) -> None:
            semaphore.release()
            if not future.cancelled():
                future.exception()  # retrieved, so that it is not logged where nobody waits

        lookup.add_done_callback(release)
        # A caller that is cancelled leaves the thread running; its place is free once it has ended.
        return await asyncio.shield(lookup)

    def close(self) -> None:
        """End the threads; no more look-ups are possible."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # What follows `%` names a network interface; only link-local addresses have that.
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in infos))
