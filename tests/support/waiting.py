"""Waiting for what comes soon, and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable

#: For what comes at once unless the machine is busy: long, so that only what never comes fails.
WAIT_LIMIT_SECONDS = 30.0


def until(condition: Callable[[], object], seconds: float = WAIT_LIMIT_SECONDS) -> None:
    """Until it holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
