"""Limits the rate of each caller with a token bucket, in this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from uuid import UUID

#: Callers remembered; who is forgotten starts with a full bucket.
REMEMBERED = 10_000


class TokenBuckets:
    """Token buckets by caller: each holds up to `burst` tokens and gains `rate` a second."""

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._held: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, caller: Hashable) -> float:
        """Take a token and return 0, or take none and return the seconds until there is one."""
        if not self._rate:
            return 0
        held = self._held_by(caller)
        if held < 1:
            return (1 - held) / self._rate
        self.owe(caller, 1)
        return 0

    def spent(self, caller: Hashable) -> float:
        """Return how many tokens were taken and have not been refilled yet."""
        return self._burst - self._held_by(caller)

    def owe(self, caller: Hashable, tokens: float) -> None:
        """Take tokens though there may be none: the cost of something is known only afterwards."""
        self._held[caller] = (self._held_by(caller) - tokens, self._clock())
        self._held.move_to_end(caller)
        while len(self._held) > REMEMBERED:
            self._held.popitem(last=False)

    def _held_by(self, caller: Hashable) -> float:
        now = self._clock()
        held, since = self._held.get(caller, (self._burst, now))
        return min(self._burst, held + (now - since) * self._rate)


class Rates:
    """Rates of users and of addresses, kept apart so that many addresses displace no user."""

    def __init__(self, rate: float, burst: int) -> None:
        self._users = TokenBuckets(rate, burst)
        self._strangers = TokenBuckets(rate, burst)

    def of(self, payer: UUID | str) -> TokenBuckets:
        """Return the buckets of users or of addresses, whichever a key belongs to."""
        return self._users if isinstance(payer, UUID) else self._strangers
