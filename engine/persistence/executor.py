"""The one hop: whole units of work and whole batches of reads, each in one call to a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.errors import Code, Refusal
from engine.persistence.database import Database
from engine.persistence.retrying import OVERLOADED, told

Answer = TypeVar("Answer")

#: Calls that may wait for a thread before newcomers are told OVERLOADED.
QUEUE = 2000


class Executor:
    """Threads for the synchronous engine, for callers on an event loop."""

    def __init__(self, database: Database, threads: int = 8, queue: int = QUEUE) -> None:
        # SQLite has one writer; more threads would only wait for it.
        writers = 1 if database.is_sqlite else threads
        self._writers = ThreadPoolExecutor(writers, "write")
        self._readers = ThreadPoolExecutor(threads, "read")
        self._workers = ThreadPoolExecutor(threads, "work")
        self._queue = queue
        self._waiting = 0
        self._counting = Lock()

    async def write(self, unit: Callable[[], Answer]) -> Answer:
        """A unit of work, on SQLite's one writer thread or one of PostgreSQL's."""
        return await self._run(self._writers, unit)

    async def read(self, query: Callable[[], Answer]) -> Answer:
        """A batch of reads."""
        return await self._run(self._readers, query)

    async def work(self, task: Callable[[], Answer]) -> Answer:
        """Something slow that holds no transaction: making keys and signatures."""
        return await self._run(self._workers, task)

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread, or run in one."""
        return self._waiting

    async def _run(self, pool: ThreadPoolExecutor, task: Callable[[], Answer]) -> Answer:
        if self._waiting >= self._queue:
            raise Refusal(Code.OVERLOADED, OVERLOADED)
        self._count(1)
        try:
            future = pool.submit(task)
        except BaseException:
            self._count(-1)
            raise
        # A caller that gives up does not end the thread's work: its place is taken until then.
        future.add_done_callback(self._done)
        try:
            return await asyncio.wrap_future(future)
        except (DBAPIError, PoolTimeout) as error:
            raise told(error) from error

    def _done(self, _future: Future[Answer]) -> None:
        self._count(-1)

    def _count(self, number: int) -> None:
        with self._counting:
            self._waiting += number

    def shutdown(self) -> None:
        """Let what is under way finish; take nothing new."""
        for pool in (self._writers, self._readers, self._workers):
            pool.shutdown(wait=True, cancel_futures=True)
