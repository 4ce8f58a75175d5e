"""Says in the log when a channel begins to fail, that it still does, and when it works again."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

#: While a channel fails, and from one failure to the next, it is said at most this often.
LOG_INTERVAL_SECONDS = 60.0
log = structlog.get_logger("countersign.relay")


class ChannelHealth:
    """Of one relay's channel. Used on one event loop."""

    def __init__(self, channel: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel = channel
        self._clock = clock
        self._failures = 0
        self._failing_since: float | None = None
        self._logged_at: float | None = None
        #: A failure was logged, so its end will be.
        self._is_announced = False

    def failed(self, error: str) -> None:
        """A message was not taken, for a reason that may pass."""
        now = self._clock()
        self._failures += 1
        if self._failing_since is None:
            self._failing_since = now
        if self._logged_at is None or now - self._logged_at >= LOG_INTERVAL_SECONDS:
            self._logged_at, self._is_announced = now, True
            log.warning(
                "channel_failing",
                channel=self._channel,
                failures=self._failures,
                seconds=round(now - self._failing_since, 1),
                error=error[:500],
            )

    def succeeded(self) -> None:
        """A message was taken."""
        if self._is_announced and self._failing_since is not None:
            log.info(
                "channel_recovered",
                channel=self._channel,
                failures=self._failures,
                seconds=round(self._clock() - self._failing_since, 1),
            )
        self._failures, self._failing_since, self._is_announced = 0, None, False
