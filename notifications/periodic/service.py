"""Runs a task at an interval, with one policy for errors, log events and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from engine.logs.exceptions import log_origin
from engine.model.errors import Refusal
from notifications.delivery.database_trouble import log_database_trouble

#: Seconds to wait after a run that failed, at least, so that a database in trouble can recover.
MIN_RETRY_SECONDS = 1.0
log = structlog.get_logger("countersign.periodic")


def _count_nothing(_name: str, _result: str) -> None:
    """Stand in for a metric where nobody counts."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a service runs."""

    #: Seconds from the end of a run to the beginning of the next.
    interval_seconds: float
    #: Items after which a run ends though more may be due; None: a run leaves nothing.
    batch_size: int | None = None
    #: Seconds from a run that may have left something to the next.
    batch_pause_seconds: float = 0.0

    def pause_after(self, count: int | None) -> float:
        """Return how many seconds to wait after a run of so many items; None: one that failed."""
        if count is None:
            return max(self.interval_seconds, MIN_RETRY_SECONDS)
        if self.batch_size is not None and count >= self.batch_size:
            return self.batch_pause_seconds
        return self.interval_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicService:
    """Runs one task again and again; whatever a run raises is logged, and the next run follows.

    Any number of processes may run the same service: its task has to allow for that.
    """

    #: Names the service in log events and metrics.
    name: str
    #: Does what is due, and returns how many items it handled.
    run_once: Callable[[], Awaitable[int]]
    schedule: Schedule
    #: What remains to be done once the service is stopped.
    on_stop: Callable[[], Awaitable[Any]] | None = None
    #: Called after each run with the service's name and `done`, `refused` or `failed`.
    on_run: Callable[[str, str], None] = _count_nothing

    async def run(self, stop: asyncio.Event) -> None:
        """Run the task until `stop` is set; a run that was begun is finished."""
        try:
            while not stop.is_set():
                pause_seconds = self.schedule.pause_after(await self._attempt(self.run_once))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_seconds)
        finally:
            if self.on_stop is not None:
                await self._attempt(self.on_stop)

    async def _attempt(self, task: Callable[[], Awaitable[Any]]) -> int | None:
        """Await a task; return what it returned, or None after an error, which is logged."""
        result = "failed"
        try:
            count: int = await task() or 0
            result = "done"
        except (SQLAlchemyError, Refusal) as error:
            result = "refused"
            log_database_trouble("periodic_run_refused", error, service=self.name)
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, the next run tries again
            # What an exception says may hold an address or a link, and is not for the log.
            log_origin(log, "periodic_run_failed", error, service=self.name)
            return None
        finally:
            self.on_run(self.name, result)
        return count
