"""How many subscriptions a caller may have at once, in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from api.graphql.limits.errors import exceeded


class SubscriptionLimiter:
    """Counts those that are open, on every transport."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[Hashable] = Counter()

    @contextmanager
    def one_more(self, caller: Hashable) -> Iterator[None]:
        """While it is open; refuses one too many."""
        asked = self._open[caller] + 1
        if asked > self._most:
            raise exceeded("subscriptions", self._most, asked, "Too many subscriptions at once")
        self._open[caller] = asked
        try:
            yield
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]
