"""How long to wait before an operation is sent again, and when to give up."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

from countersign.errors import TransientError
from countersign.terminal import printable

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS = 0.2
MAX_DELAY_SECONDS = 10.0


class RetryPlan:
    """Delays that double, with jitter, until a limit of time; the first one is logged.

    Args:
        limit_seconds: From the first attempt to the last.
        is_repeatable: Whether the operation may be sent again although the server may have done
            it.
        clock: The seconds of a clock that nobody sets.
    """

    def __init__(
        self,
        limit_seconds: float,
        *,
        is_repeatable: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ends_at = clock() + limit_seconds
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
        if self._clock() + seconds > self._ends_at:
            raise error
        if self._delay_seconds == FIRST_DELAY_SECONDS:
            message, left = printable(str(error)), self._ends_at - self._clock()
            log.warning("countersign: %s Trying again for up to %.0f s.", message, left)
        self._delay_seconds = min(2 * self._delay_seconds, MAX_DELAY_SECONDS)
        return seconds
