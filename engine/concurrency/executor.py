"""Runs the synchronous engine on threads, for callers on an event loop.

A whole unit of work, or a whole batch of reads, is one call to one thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Lock
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.concurrency.fair_semaphore import FairSemaphore
from engine.model.errors import Code, Refusal
from engine.persistence.db.database import Database
from engine.persistence.db.timeouts import SILENCE_SECONDS
from engine.persistence.store.retry import DATABASE_UNAVAILABLE, OVERLOADED, raise_translated

Result = TypeVar("Result")

#: Calls that wait for a thread or run in one when further calls are refused with OVERLOADED.
MAX_PENDING_CALLS = 2000
#: Threads that read. To make objects of rows takes Python's interpreter lock, for which more
#: threads only compete: with eight of them six lists at once took twice as long. With a few, one
#: that is slow keeps no other waiting.
SQLITE_READER_THREADS = 2
POSTGRESQL_READER_THREADS = 4
#: Threads that compute, of which more would only compete in the same way.
COMPUTING_THREADS = 2
#: Seconds after which a call to the database is refused, even if the database never answers.
CALL_TIMEOUT_SECONDS = SILENCE_SECONDS


class Executor:
    """Pools of threads: for writes, for reads, and for slow work without a database.

    Args:
        database: Says which kind of database it is; the calls themselves connect to it.
        threads: Threads of a pool at most.
        max_pending: Calls that may wait or run before further ones are refused with OVERLOADED.
        timeout_seconds: Within which a read or a write is answered or refused.
    """

    def __init__(
        self,
        database: Database,
        threads: int = 8,
        max_pending: int = MAX_PENDING_CALLS,
        timeout_seconds: float = CALL_TIMEOUT_SECONDS,
    ) -> None:
        # SQLite has one writer; more threads would only wait for it.
        writers = 1 if database.is_sqlite else threads
        readers = SQLITE_READER_THREADS if database.is_sqlite else POSTGRESQL_READER_THREADS
        self._writers = ThreadPoolExecutor(writers, "write")
        self._readers = ThreadPoolExecutor(min(threads, readers), "read")
        self._workers = ThreadPoolExecutor(threads, "work")
        self._computing = ThreadPoolExecutor(COMPUTING_THREADS, "compute")
        self._write_slots = FairSemaphore(writers)
        self._max_pending = max_pending
        self._timeout_seconds = timeout_seconds
        self._running: set[Future[Any]] = set()
        self._running_lock = Lock()

    async def write(
        self,
        unit: Callable[[], Result],
        account_id: UUID | None = None,
        *,
        bypass_queue: bool = False,
    ) -> Result:
        """Run a unit of work on a thread for writes, of which SQLite has one.

        Args:
            unit: What to run.
            account_id: The account it belongs to; accounts take turns.
            bypass_queue: It completes work that was begun: it is neither refused for the number of
                waiting calls nor cut short by the timeout.

        Raises:
            Refusal: OVERLOADED, if it could not be run or answered in time.
        """
        acquire = partial(self._write_slots.acquire, account_id)
        timeout = None if bypass_queue else self._timeout_seconds
        return await self._run(
            self._writers, unit, timeout, acquire=acquire, bypass_queue=bypass_queue
        )

    async def read(self, query: Callable[[], Result]) -> Result:
        """Run a batch of reads on a thread for reads. Raises OVERLOADED."""
        return await self._run(self._readers, query, self._timeout_seconds)

    async def run_blocking(
        self, task: Callable[[], Result], *, bypass_queue: bool = False
    ) -> Result:
        """Run something slow, such as making a key, without a timeout. Raises OVERLOADED."""
        return await self._run(self._workers, task, None, bypass_queue=bypass_queue)

    async def compute(self, task: Callable[[], Result]) -> Result:
        """Run what needs the processor alone, such as rendering messages.

        It has threads of its own, so that it goes on while every signer hangs. It belongs to
        something that was begun, and so is never refused.
        """
        return await self._run(self._computing, task, None, bypass_queue=True)

    @property
    def waiting(self) -> int:
        """The number of calls that wait for a thread or run in one."""
        return len(self._running) + self._write_slots.waiting

    async def _run(
        self,
        pool: ThreadPoolExecutor,
        task: Callable[[], Result],
        timeout_seconds: float | None,
        *,
        acquire: Callable[[], Awaitable[None]] | None = None,
        bypass_queue: bool = False,
    ) -> Result:
        if not bypass_queue and self.waiting >= self._max_pending:
            raise Refusal(Code.OVERLOADED, OVERLOADED)
        deadline = asyncio.timeout(timeout_seconds)
        future: Future[Result] | None = None
        try:
            async with deadline:
                if acquire is not None:
                    await acquire()
                future = self._start(pool, task, has_slot=acquire is not None)
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            # A task that has not started was cancelled with the future, and never starts.
            has_started = future is not None and not future.cancelled()
            raise Refusal(
                Code.OVERLOADED, DATABASE_UNAVAILABLE if has_started else OVERLOADED
            ) from error
        except (DBAPIError, PoolTimeout) as error:
            raise_translated(error)

    def _start(
        self, pool: ThreadPoolExecutor, task: Callable[[], Result], *, has_slot: bool
    ) -> Future[Result]:
        loop = asyncio.get_running_loop()
        try:
            future = pool.submit(task)
        except BaseException:
            if has_slot:
                self._write_slots.release()
            raise
        # A caller that gives up does not end the thread's work, which counts until it ends.
        with self._running_lock:
            self._running.add(future)
        future.add_done_callback(self._forget)
        if has_slot:
            future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._write_slots.release))
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._running_lock:
            self._running.discard(future)

    def shutdown(self) -> None:
        """Start no further calls, and wait for the running ones, but no longer than the timeout."""
        for pool in (self._writers, self._readers, self._workers, self._computing):
            pool.shutdown(wait=False, cancel_futures=True)
        with self._running_lock:
            running = set(self._running)
        wait(running, self._timeout_seconds)
