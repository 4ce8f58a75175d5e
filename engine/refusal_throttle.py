"""How many refused attempts of one person are written down: enough to see, not enough to flood."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from threading import Lock
from uuid import UUID


class RefusalThrottle:
    """So many ledger entries a minute for each user; the rest is only counted."""

    def __init__(self, per_minute: int = 600, users: int = 10_000) -> None:
        self.per_minute = per_minute
        self._users = users
        self._minutes: OrderedDict[UUID, tuple[datetime, int]] = OrderedDict()
        self._lock = Lock()

    def admits(self, user_id: UUID, now: datetime) -> bool:
        """Count one attempt; False once the minute is full."""
        minute = now.replace(second=0, microsecond=0)
        with self._lock:
            begun, count = self._minutes.pop(user_id, (minute, 0))
            count = count + 1 if begun == minute else 1
            self._minutes[user_id] = (minute, count)
            if len(self._minutes) > self._users:
                self._minutes.popitem(last=False)
        return count <= self.per_minute
