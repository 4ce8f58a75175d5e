"""How often a caller may come: a token bucket for each, in this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from uuid import UUID

#: Callers remembered; who is forgotten starts with a full bucket.
REMEMBERED = 10_000


class TokenBuckets:
    """Each holds up to `burst` tokens, gains `rate` in a second, and pays with one or more."""

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._held: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, caller: Hashable) -> float:
        """Take a token; 0, or the seconds until there is one, and then none was taken."""
        if not self._rate:
            return 0
        held = self._held_by(caller)
        if held < 1:
            return (1 - held) / self._rate
        self.owe(caller, 1)
        return 0

    def spent(self, caller: Hashable) -> float:
        """What has been taken and has not come back yet."""
        return self._burst - self._held_by(caller)

    def owe(self, caller: Hashable, tokens: float) -> None:
        """Take tokens that there may not be: what something turned out to cost."""
        self._held[caller] = (self._held_by(caller) - tokens, self._clock())
        self._held.move_to_end(caller)
        while len(self._held) > REMEMBERED:
            self._held.popitem(last=False)

    def _held_by(self, caller: Hashable) -> float:
        now = self._clock()
        held, since = self._held.get(caller, (self._burst, now))
        return min(self._burst, held + (now - since) * self._rate)


class Rates:
    """Users and strangers apart: however many addresses come, no user is forgotten for them."""

    def __init__(self, rate: float, burst: int) -> None:
        self._users = TokenBuckets(rate, burst)
        self._strangers = TokenBuckets(rate, burst)

    def of(self, payer: UUID | str) -> TokenBuckets:
        """A user's, or an address's."""
        return self._users if isinstance(payer, UUID) else self._strangers
