"""The one hop: whole units of work and whole batches of reads, each in one call to a thread."""

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

Answer = TypeVar("Answer")

#: Calls that may wait for a thread before newcomers are told OVERLOADED.
MAX_WAITING_WRITES = 2000
#: Reads at a time. Making things of rows is Python's work, for which more
#: threads only fight: with eight of them six lists at once took twice as long. Of a few, one that
#: is slow keeps no other waiting.
READERS_OF_SQLITE = 2
READERS_OF_POSTGRESQL = 4
#: Seconds within which a call to the database is answered, even if the database never does.
MAX_WAITING_SECONDS = SILENCE_SECONDS


class Executor:
    """Threads for the synchronous engine, for callers on an event loop."""

    def __init__(
        self,
        database: Database,
        threads: int = 8,
        queue: int = MAX_WAITING_WRITES,
        limit: float = MAX_WAITING_SECONDS,
    ) -> None:
        # SQLite has one writer; more threads would only wait for it.
        writers = 1 if database.is_sqlite else threads
        readers = READERS_OF_SQLITE if database.is_sqlite else READERS_OF_POSTGRESQL
        self._writers = ThreadPoolExecutor(writers, "write")
        self._readers = ThreadPoolExecutor(min(threads, readers), "read")
        self._workers = ThreadPoolExecutor(threads, "work")
        self._turns = FairSemaphore(writers)
        self._queue = queue
        self._limit = limit
        self._under_way: set[Future[Any]] = set()
        self._counting = Lock()

    async def write(
        self,
        unit: Callable[[], Answer],
        account_id: UUID | None = None,
        *,
        admitted: bool = False,
    ) -> Answer:
        """A unit of work, on SQLite's one writer thread or one of PostgreSQL's, in its account's
        turn. What was `admitted` belongs to something begun: it finds a place, and has its time.
        """
        turn = partial(self._turns.acquire, account_id)
        limit = None if admitted else self._limit
        return await self._run(self._writers, unit, limit, turn=turn, admitted=admitted)

    async def read(self, query: Callable[[], Answer]) -> Answer:
        """A batch of reads."""
        return await self._run(self._readers, query, self._limit)

    async def run_blocking(self, task: Callable[[], Answer], *, admitted: bool = False) -> Answer:
        """Something slow, for as long as it takes: making keys and signatures."""
        return await self._run(self._workers, task, None, admitted=admitted)

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread, or run in one."""
        return len(self._under_way) + self._turns.waiting

    async def _run(
        self,
        pool: ThreadPoolExecutor,
        task: Callable[[], Answer],
        limit: float | None,
        *,
        turn: Callable[[], Awaitable[None]] | None = None,
        admitted: bool = False,
    ) -> Answer:
        if not admitted and self.waiting >= self._queue:
            raise Refusal(Code.OVERLOADED, OVERLOADED)
        deadline = asyncio.timeout(limit)
        future: Future[Answer] | None = None
        try:
            async with deadline:
                if turn is not None:
                    await turn()
                future = self._begin(pool, task, has_turn=turn is not None)
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            # What never began is not begun any more.
            began = future is not None and not future.cancelled()
            raise Refusal(Code.OVERLOADED, DATABASE_UNAVAILABLE if began else OVERLOADED) from error
        except (DBAPIError, PoolTimeout) as error:
            raise_translated(error)

    def _begin(
        self, pool: ThreadPoolExecutor, task: Callable[[], Answer], *, has_turn: bool
    ) -> Future[Answer]:
        loop = asyncio.get_running_loop()
        try:
            future = pool.submit(task)
        except BaseException:
            if has_turn:
                self._turns.release()
            raise
        # A caller that gives up does not end the thread's work: its place is taken until then.
        with self._counting:
            self._under_way.add(future)
        future.add_done_callback(self._done)
        if has_turn:
            future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._turns.release))
        return future

    def _done(self, future: Future[Any]) -> None:
        with self._counting:
            self._under_way.discard(future)

    def shutdown(self) -> None:
        """Take nothing new, and let what is under way finish, unless it hangs."""
        for pool in (self._writers, self._readers, self._workers):
            pool.shutdown(wait=False, cancel_futures=True)
        with self._counting:
            under_way = set(self._under_way)
        wait(under_way, self._limit)
