"""The one hop: whole units of work and whole batches of reads, each in one call to a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.errors import Code, Refusal
from engine.persistence.database import Database
from engine.persistence.retrying import OVERLOADED, told
from engine.persistence.turns import Turns

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
        self._turns = Turns(writers)
        self._queue = queue
        self._waiting = 0
        self._counting = Lock()

    async def write(
        self,
        unit: Callable[[], Answer],
        account_id: UUID | None = None,
        *,
        admitted: bool = False,
    ) -> Answer:
        """A unit of work, on SQLite's one writer thread or one of PostgreSQL's, in its account's
        turn. What was `admitted` belongs to something begun, and is never told OVERLOADED.
        """
        self._admit(admitted=admitted)
        loop = asyncio.get_running_loop()
        await self._turns.take(account_id)
        try:
            future = self._submit(self._writers, unit)
        except BaseException:
            self._turns.give()
            raise
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._turns.give))
        return await self._answer(future)

    async def read(self, query: Callable[[], Answer]) -> Answer:
        """A batch of reads."""
        self._admit()
        return await self._answer(self._submit(self._readers, query))

    async def work(self, task: Callable[[], Answer], *, admitted: bool = False) -> Answer:
        """Something slow that holds no transaction: making keys and signatures."""
        self._admit(admitted=admitted)
        return await self._answer(self._submit(self._workers, task))

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread, or run in one."""
        return self._waiting + self._turns.waiting

    def _admit(self, *, admitted: bool = False) -> None:
        if not admitted and self.waiting >= self._queue:
            raise Refusal(Code.OVERLOADED, OVERLOADED)

    def _submit(self, pool: ThreadPoolExecutor, task: Callable[[], Answer]) -> Future[Answer]:
        self._count(1)
        try:
            future = pool.submit(task)
        except BaseException:
            self._count(-1)
            raise
        # A caller that gives up does not end the thread's work: its place is taken until then.
        future.add_done_callback(self._done)
        return future

    async def _answer(self, future: Future[Answer]) -> Answer:
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
