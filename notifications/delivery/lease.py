"""Leases: who takes a message to send it has it for a while, and says when it is tried again.

A lease ends by itself, so that what a killed process was sending is sent by another.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """For how long a message is leased, and when one that was not sent is tried again."""

    #: Longer than any channel's own time limit.
    lease: timedelta = timedelta(seconds=60)
    first_wait: timedelta = timedelta(seconds=5)
    #: Also of what the other side asks for.
    longest_wait: timedelta = timedelta(hours=1)
    #: After this it has failed, however temporary each refusal was.
    give_up_after: timedelta = timedelta(days=2)
    #: The part of each wait that is random, so that not all come back at once.
    jitter: float = 0.5

    def wait(self, attempts: int, requested: timedelta | None = None) -> timedelta:
        """Return how long to wait after a failed attempt: twice as long each time.

        Args:
            attempts: How often it was tried, this time included.
            requested: How long the other side asked to be left alone; it is never less than that,
                within reason.
        """
        longest = min(self.first_wait * float(2 ** min(attempts - 1, 30)), self.longest_wait)
        spread = random.uniform(1 - self.jitter, 1)  # noqa: S311 - spreads load, guards nothing
        wait = longest * spread
        return wait if requested is None else max(wait, min(requested, self.longest_wait))

    def next_attempt(
        self,
        now: datetime,
        attempts: int,
        deadline: datetime,
        requested: timedelta | None = None,
    ) -> datetime | None:
        """Return when it is tried again, or None where that would be after the deadline."""
        next_attempt_at = now + self.wait(attempts, requested)
        return next_attempt_at if next_attempt_at <= deadline else None


def lease_values(due_at: Column[datetime], attempts: Column[int], until: Any) -> dict[str, Any]:
    """Return the values of an UPDATE that leases rows: due again at its end, tried once more.

    Args:
        due_at: The column that says when a row is due.
        attempts: The column that counts how often a row was tried.
        until: When the lease ends: an instant, or a bound parameter for it.
    """
    return {due_at.name: until, attempts.name: attempts + 1}
