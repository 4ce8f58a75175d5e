"""Threads for callers on an event loop: a place is taken for as long as there is work."""

import asyncio
import threading
import time

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from engine.concurrency.executor import Executor
from engine.model.errors import Code, Refusal
from engine.persistence.db.database import Database
from engine.persistence.store.retry import DATABASE_UNAVAILABLE, OVERLOADED
from tests.support.waiting import WAIT_LIMIT_SECONDS, until


async def test_a_caller_who_gives_up_leaves_its_place_to_the_work(database: Database) -> None:
    executor = Executor(database, threads=1, max_pending=2)
    began, go_on = threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        go_on.wait(2 * WAIT_LIMIT_SECONDS)

    running = asyncio.create_task(executor.run_blocking(work))
    await asyncio.to_thread(began.wait, 10)
    queued = asyncio.create_task(executor.run_blocking(work))
    await asyncio.sleep(0)
    assert executor.waiting == 2

    for task in (running, queued):
        task.cancel()
    await asyncio.gather(running, queued, return_exceptions=True)

    # The one that had not begun is gone; the other one's thread works on.
    assert executor.waiting == 1
    go_on.set()
    executor.shutdown()
    assert executor.waiting == 0


async def test_where_all_places_are_taken_newcomers_are_told(database: Database) -> None:
    executor = Executor(database, max_pending=0)
    with pytest.raises(Refusal) as refused:
        await executor.read(lambda: None)
    assert refused.value.code is Code.OVERLOADED
    executor.shutdown()


async def test_whoever_the_database_never_answers_is_told_in_time(database: Database) -> None:
    executor, go_on, done = (
        Executor(database, threads=1, timeout_seconds=1),
        threading.Event(),
        [],
    )

    def hang() -> None:
        go_on.wait(2 * WAIT_LIMIT_SECONDS)
        done.append("hung")

    hangs = asyncio.create_task(executor.read(hang))
    await asyncio.sleep(0)
    queued = asyncio.create_task(executor.read(lambda: done.append("queued")))
    outcomes = await asyncio.gather(hangs, queued, return_exceptions=True)

    assert [str(refusal) for refusal in outcomes] == [DATABASE_UNAVAILABLE, OVERLOADED]
    assert executor.waiting == 1
    started = time.monotonic()
    executor.shutdown()
    assert time.monotonic() - started < WAIT_LIMIT_SECONDS
    go_on.set()
    await asyncio.to_thread(until, lambda: executor.waiting == 0)
    assert done == ["hung"]


async def test_keys_may_take_longer(database: Database) -> None:
    executor = Executor(database, timeout_seconds=0.01)
    assert await executor.run_blocking(lambda: time.sleep(0.1) or "made") == "made"
    executor.shutdown()


async def test_a_limit_of_the_works_own_is_not_the_callers(database: Database) -> None:
    executor = Executor(database)

    def fail() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await executor.read(fail)
    executor.shutdown()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.OperationalError("connection refused"), Code.OVERLOADED),
        (psycopg.errors.AdminShutdown("terminating"), Code.OVERLOADED),
        (psycopg.errors.LockNotAvailable("canceling"), Code.OVERLOADED),
        (psycopg.errors.OutOfMemory("out of memory"), Code.OVERLOADED),
        (psycopg.errors.DiskFull("no space"), Code.STORAGE_FAILED),
        (psycopg.errors.IoError("could not read"), Code.STORAGE_FAILED),
        (psycopg.errors.UndefinedColumn("no such column"), None),
    ],
)
async def test_trouble_of_the_database_is_a_refusal_and_a_mistake_of_ours_is_not(
    database: Database, error: Exception, code: Code | None
) -> None:
    executor = Executor(database)

    def fail() -> None:
        raise OperationalError("SELECT 1", {}, error)

    with pytest.raises(Refusal if code else OperationalError) as raised:
        await executor.read(fail)
    assert getattr(raised.value, "code", None) == (code or raised.value.code)
    executor.shutdown()
