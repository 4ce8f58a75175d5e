"""Limits how many messages are sent at once: in all, for each account and to each host.

A receiver that hangs keeps its slot until the channel gives up on it. As no account and no host can
take every slot, everybody else's messages are sent meanwhile.
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

#: The part of all slots that one account has at most.
MAX_ACCOUNT_SHARE = Fraction(3, 4)
#: The part that one host has at most, whose receivers are slow together.
MAX_HOST_SHARE = Fraction(5, 8)
#: The part that messages which were tried before have at most.
MAX_RETRY_SHARE = Fraction(1, 2)
#: Seconds without any message sent after which nothing more is claimed of a saturated account.
STALLED_SECONDS = 1.0


class SendSlots:
    """The slots in which one relay sends. Used on one event loop."""

    def __init__(self, number: int) -> None:
        self._all = Semaphore(number)
        self._retries = Semaphore(_share(MAX_RETRY_SHARE, number))
        self._account_share = _share(MAX_ACCOUNT_SHARE, number)
        self._accounts = defaultdict[UUID, Semaphore](lambda: Semaphore(self._account_share))
        self._hosts = defaultdict[str, Semaphore](lambda: Semaphore(_share(MAX_HOST_SHARE, number)))
        #: How many messages of an account have a slot, or wait for one.
        self._active = Counter[UUID]()
        #: When a message of an account was last done with.
        self._done_at: dict[UUID, float] = {}

    @asynccontextmanager
    async def slot_for(self, row: Row[Any]) -> AsyncIterator[None]:
        """Hold a slot for a delivery; one that waits for its account's holds no other's."""
        account_id = row.account_id
        self._active[account_id] += 1
        try:
            async with AsyncExitStack() as stack:
                for semaphore in self._limits_of(row):
                    await stack.enter_async_context(semaphore)
                yield
            self._done_at[account_id] = time.monotonic()
        finally:
            self._active[account_id] -= 1

    def saturated_accounts(self) -> frozenset[UUID]:
        """Return the accounts that have all their slots taken, and none of them freed lately."""
        since = time.monotonic() - STALLED_SECONDS
        return frozenset(
            account_id
            for account_id, number in self._active.items()
            if number >= self._account_share and self._done_at.get(account_id, 0) < since
        )

    def _limits_of(self, row: Row[Any]) -> Iterator[Semaphore]:
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
