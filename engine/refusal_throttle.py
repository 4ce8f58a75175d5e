"""Limit how many refused attempts of one user are written to the ledger."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from threading import Lock
from uuid import UUID


class RefusalThrottle:
    """Admits at most `per_minute` ledger entries for each user within one minute.

    Args:
        per_minute: The limit for one user.
        users: How many users are kept in memory; the one not seen for longest is dropped.
    """

    def __init__(self, per_minute: int = 600, users: int = 10_000) -> None:
        self.per_minute = per_minute
        self._users = users
        self._minutes: OrderedDict[UUID, tuple[datetime, int]] = OrderedDict()
        self._lock = Lock()

    def admits(self, user_id: UUID, now: datetime) -> bool:
        """Count one attempt; returns whether the ledger may have an entry for it."""
        minute = now.replace(second=0, microsecond=0)
        with self._lock:
            counted_minute, count = self._minutes.pop(user_id, (minute, 0))
            count = count + 1 if counted_minute == minute else 1
            self._minutes[user_id] = (minute, count)
            if len(self._minutes) > self._users:
                self._minutes.popitem(last=False)
        return count <= self.per_minute
