"""Limits the subscriptions that a caller has open at once, in this process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from api.graphql.limits.errors import exceeded


class SubscriptionLimiter:
    """Counts open subscriptions, on every transport."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: Counter[Hashable] = Counter()

    @contextmanager
    def subscription(self, caller: Hashable) -> Iterator[None]:
        """Count a subscription while it is open; refuses one beyond the limit."""
        count = self._open[caller] + 1
        if count > self._limit:
            raise exceeded("subscriptions", self._limit, count, "Too many subscriptions at once")
        self._open[caller] = count
        try:
            yield
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]
