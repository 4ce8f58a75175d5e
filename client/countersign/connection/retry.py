"""How long to wait before an operation is sent again, and when to give up."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable

from countersign.errors import TransientError, UnresolvedNameError
from countersign.terminal import printable

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS = 0.2
MAX_DELAY_SECONDS = 10.0
#: How long a name is looked up again until the server has answered once: it may be a wrong one.
NAME_SECONDS = 3.0


class RetryPlan:
    """Delays that double, with jitter, until a limit of time; the first one is logged.

    Args:
        limit_seconds: From the first attempt to the last.
        name_limit_seconds: The same where the server's name cannot be resolved.
        is_repeatable: Whether the operation may be sent again although the server may have done
            it.
        clock: The seconds of a clock that nobody sets.
    """

    def __init__(
        self,
        limit_seconds: float,
        *,
        is_repeatable: bool,
        name_limit_seconds: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ends_at = clock() + limit_seconds
        self._name_ends_at = clock() + min(limit_seconds, name_limit_seconds)
        self._is_repeatable = is_repeatable
        self._clock = clock
        self._delay_seconds = FIRST_DELAY_SECONDS

    def delay_after(self, error: TransientError) -> float:
        """Return the seconds to wait before the next attempt.

        Raises:
            TransientError: There is no next attempt: the time is over, or the operation may have
                been done and must not be done twice.
        """
        if not (error.did_nothing or self._is_repeatable):
            raise error
        jittered = self._delay_seconds * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        seconds = max(jittered, error.retry_after_seconds or 0.0)
        is_unresolved = isinstance(error, UnresolvedNameError)
        ends_at = self._name_ends_at if is_unresolved else self._ends_at
        if self._clock() + seconds > ends_at:
            raise error
        if self._delay_seconds == FIRST_DELAY_SECONDS:
            message, left = printable(str(error)), ends_at - self._clock()
            log.warning("countersign: %s Trying again for up to %.0f s.", message, left)
        self._delay_seconds = min(2 * self._delay_seconds, MAX_DELAY_SECONDS)
        return seconds


class RetryLimits:
    """For how long a connection sends operations again: less until the server has answered once.

    Nothing has begun until then that would be lost, and the URL may be wrong.

    Args:
        limit_seconds: When it has answered.
        start_limit_seconds: Until then.
    """

    def __init__(self, limit_seconds: float, start_limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._start_limit_seconds = start_limit_seconds
        self.has_answered = False

    def plan(self, *, is_repeatable: bool) -> RetryPlan:
        """Return the plan for an operation."""
        if self.has_answered:
            return RetryPlan(self._limit_seconds, is_repeatable=is_repeatable)
        return RetryPlan(
            self._start_limit_seconds, is_repeatable=is_repeatable, name_limit_seconds=NAME_SECONDS
        )
