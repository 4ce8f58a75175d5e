"""The claimed deliveries that wait for a sender, handed out so that nobody takes every sender.

A receiver that hangs keeps its sender until the channel gives up on it. As no account and no host
can take every sender, everybody else's messages are sent meanwhile.
"""

from __future__ import annotations

import time
from asyncio import Future, get_running_loop
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from notifications.delivery.prepare import PreparedDelivery

#: The part of all senders that one account has at most.
MAX_ACCOUNT_SHARE = Fraction(3, 4)
#: The part that one host has at most, whose receivers are slow together.
MAX_HOST_SHARE = Fraction(5, 8)
#: The part that messages which were tried before have at most.
MAX_RETRY_SHARE = Fraction(1, 2)
#: For each sender, how many deliveries are claimed when the queue counts as low.
LOW_LEVEL = Fraction(3)
#: Seconds without any message sent after which nothing more is claimed of a saturated account.
STALLED_SECONDS = 1.0


class SendQueue:
    """Hands claimed deliveries to senders, in their order as far as limits allow.

    It is used on one event loop.
    """

    def __init__(self, senders: int) -> None:
        self._low_level = int(senders * LOW_LEVEL)
        self._account_limit = _share(MAX_ACCOUNT_SHARE, senders)
        self._host_limit = _share(MAX_HOST_SHARE, senders)
        self._retry_limit = _share(MAX_RETRY_SHARE, senders)
        self._waiting: deque[PreparedDelivery] = deque()
        self._idle: deque[Future[PreparedDelivery]] = deque()
        #: What waits or is being sent, by id.
        self._claimed: dict[UUID, PreparedDelivery] = {}
        #: How many messages are being sent: of each account, to each host, and tried before.
        self._accounts = Counter[UUID]()
        self._hosts = Counter[str]()
        self._retries = 0
        #: When a message of an account was last done with.
        self._done_at: dict[UUID, float] = {}

    @property
    def rows(self) -> Sequence[Row[Any]]:
        """The deliveries that wait or are being sent."""
        return [delivery.row for delivery in self._claimed.values()]

    def __len__(self) -> int:
        return len(self._claimed)

    @property
    def is_low(self) -> bool:
        """Whether senders wait, or soon will."""
        return bool(self._idle) or len(self._claimed) <= self._low_level

    def put(self, deliveries: Iterable[PreparedDelivery]) -> None:
        """Add deliveries behind those that wait."""
        for delivery in deliveries:
            self._claimed[delivery.row.id] = delivery
            self._waiting.append(delivery)
        self._hand_out()

    async def take(self) -> PreparedDelivery:
        """Wait for the next delivery that may be sent; `done` has to be called for it."""
        delivery = self._next()
        self._hand_out()
        if delivery is None:
            future: Future[PreparedDelivery] = get_running_loop().create_future()
            self._idle.append(future)
            delivery = await future
        return delivery

    def done(self, delivery: PreparedDelivery) -> None:
        """Note that a delivery is not being sent any more; its sender takes the next."""
        row = delivery.row
        del self._claimed[row.id]
        _lower(self._accounts, row.account_id)
        _lower(self._hosts, delivery.host)
        self._retries -= row.attempts > 1
        self._done_at[row.account_id] = time.monotonic()

    def clear(self) -> list[PreparedDelivery]:
        """Remove and return the deliveries that nobody has begun to send."""
        unsent, self._waiting = list(self._waiting), deque()
        for delivery in unsent:
            del self._claimed[delivery.row.id]
        return unsent

    def saturated_accounts(self) -> frozenset[UUID]:
        """Return the accounts that could fill all their senders, and finished nothing lately."""
        since = time.monotonic() - STALLED_SECONDS
        claimed = Counter(row.account_id for row in self.rows)
        return frozenset(
            account_id
            for account_id, number in claimed.items()
            if number >= self._account_limit and self._done_at.get(account_id, 0) < since
        )

    def _hand_out(self) -> None:
        while self._idle:
            sender = self._idle.popleft()
            if sender.done():  # it was cancelled
                continue
            delivery = self._next()
            if delivery is None:
                self._idle.appendleft(sender)
                return
            sender.set_result(delivery)

    def _next(self) -> PreparedDelivery | None:
        """Remove the first delivery that is within the limits, and count it as being sent."""
        for place, delivery in enumerate(self._waiting):
            if self._is_within_limits(delivery):
                del self._waiting[place]
                self._accounts[delivery.row.account_id] += 1
                self._hosts[delivery.host] += 1
                self._retries += delivery.row.attempts > 1
                return delivery
        return None

    def _is_within_limits(self, delivery: PreparedDelivery) -> bool:
        row = delivery.row
        return (
            self._hosts[delivery.host] < self._host_limit
            and self._accounts[row.account_id] < self._account_limit
            and (row.attempts <= 1 or self._retries < self._retry_limit)
        )


def _lower(counts: Counter[Any], key: Any) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


def _share(part: Fraction, number: int) -> int:
    return max(1, int(number * part))
