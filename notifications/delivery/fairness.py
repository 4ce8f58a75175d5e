"""How many are sent at a time, and that no account and no host takes every turn.

Receivers that hang keep their turns until the channel gives up on them. As long as some turns are
left, everybody else's messages go on.
"""

from __future__ import annotations

import time
from asyncio import Semaphore
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Row

#: Of all turns, what one account has at most; and one host, whose receivers are slow together.
_OF_AN_ACCOUNT = Fraction(3, 4)
_OF_A_HOST = Fraction(5, 8)
#: Of what was tried before: a slow server's retries cannot take it all.
_OF_RETRIES = Fraction(1, 2)
#: An account none of whose messages was done for so many seconds gets nothing more claimed.
_STUCK = 1.0


class SendSlots:
    """Of the turns to send, of one relay. Used on one event loop."""

    def __init__(self, number: int) -> None:
        self._all = Semaphore(number)
        self._retries = Semaphore(_share(_OF_RETRIES, number))
        self._account_share = _share(_OF_AN_ACCOUNT, number)
        self._accounts = defaultdict[UUID, Semaphore](lambda: Semaphore(self._account_share))
        self._hosts = defaultdict[str, Semaphore](lambda: Semaphore(_share(_OF_A_HOST, number)))
        #: How many of an account have a turn, or wait for one.
        self._asking = Counter[UUID]()
        #: When something of an account was last done.
        self._done_at: dict[UUID, float] = {}

    @asynccontextmanager
    async def one_for(self, row: Row[Any]) -> AsyncIterator[None]:
        """Whoever waits for their own share holds nobody else's turn."""
        account_id = row.account_id
        self._asking[account_id] += 1
        try:
            async with AsyncExitStack() as stack:
                for semaphore in self._asked(row):
                    await stack.enter_async_context(semaphore)
                yield
            self._done_at[account_id] = time.monotonic()
        finally:
            self._asking[account_id] -= 1

    def crowding(self) -> frozenset[UUID]:
        """The accounts that have all their turns taken, and get nothing done."""
        since = time.monotonic() - _STUCK
        return frozenset(
            account_id
            for account_id, number in self._asking.items()
            if number >= self._account_share and self._done_at.get(account_id, 0) < since
        )

    def _asked(self, row: Row[Any]) -> Iterator[Semaphore]:
        yield self._hosts[_host(row)]
        yield self._accounts[row.account_id]
        if row.attempts > 1:
            yield self._retries
        yield self._all


def _share(part: Fraction, number: int) -> int:
    return max(1, int(number * part))


def _host(row: Row[Any]) -> str:
    if row.webhook_id is not None:
        return urlsplit(row.url).hostname or ""
    domain: str = row.email.rpartition("@")[2]
    return domain
