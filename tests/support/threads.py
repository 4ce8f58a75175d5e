"""Several things at the same instant, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from engine.model.errors import Refusal
from tests.support.waiting import WAIT_LIMIT_SECONDS


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each call answered, or its refusal; none begins before all are ready."""
    ready = threading.Barrier(len(calls), timeout=WAIT_LIMIT_SECONDS)

    def one(call: Callable[[], Any]) -> Any:
        ready.wait()
        try:
            return call()
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(one, calls))
