"""A periodic service goes on after every error, and says how its runs ended."""

import asyncio
import sqlite3

import pytest
import structlog
from sqlalchemy.exc import OperationalError

from engine.logs.log_throttle import LogThrottle
from engine.model.errors import Code, Refusal
from notifications.delivery import database_trouble
from notifications.periodic import service as service_module
from notifications.periodic.service import PeriodicService, Schedule
from tests.support.waiting import WAIT_LIMIT_SECONDS

pytestmark = pytest.mark.anyio
FULL = OperationalError("UPDATE secret", {}, sqlite3.OperationalError("database is full"))


@pytest.fixture(autouse=True)
def _retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "MIN_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(database_trouble, "_logged", LogThrottle())


class Task:
    """Ends each run as it is told, and stops the service after the last."""

    def __init__(self, *runs: int | Exception) -> None:
        self.runs = list(runs)
        self.results: list[tuple[str, str]] = []
        self.stop = asyncio.Event()

    async def run_once(self) -> int:
        run = self.runs.pop(0)
        if not self.runs:
            self.stop.set()
        if isinstance(run, Exception):
            raise run
        return run

    def on_run(self, name: str, result: str) -> None:
        self.results.append((name, result))


def service_of(task: Task, schedule: Schedule = Schedule(0.0), **more: object) -> PeriodicService:  # noqa: B008 - frozen
    return PeriodicService(
        name="cleaning",
        run_once=task.run_once,
        schedule=schedule,
        on_run=task.on_run,
        **more,  # type: ignore[arg-type]
    )


async def test_it_goes_on_after_errors_and_counts_each_run() -> None:
    overloaded = Refusal(Code.OVERLOADED, "Too much.")
    overloaded.__cause__ = FULL
    task = Task(1, FULL, overloaded, ValueError("ann@example.com"), 0)
    with structlog.testing.capture_logs() as logs:
        await service_of(task).run(task.stop)

    results = ("done", "refused", "refused", "failed", "done")
    assert task.results == [("cleaning", result) for result in results]
    assert [(line["event"], line["service"]) for line in logs] == [
        ("periodic_run_refused", "cleaning"),
        ("periodic_run_failed", "cleaning"),
    ]
    assert "ann@example.com" not in str(logs)
    assert "secret" not in str(logs)


async def test_a_full_batch_is_followed_by_the_next_at_once() -> None:
    task = Task(2, 0)
    running = service_of(task, Schedule(60, batch_size=2)).run(task.stop)
    await asyncio.wait_for(running, WAIT_LIMIT_SECONDS)
    assert task.runs == []


async def test_a_batch_that_is_not_full_is_followed_after_the_pause() -> None:
    task = Task(1, 0)
    running = asyncio.create_task(service_of(task, Schedule(60, batch_size=2)).run(task.stop))
    await asyncio.wait({running}, timeout=0.2)
    assert not running.done()
    task.stop.set()
    await running


async def test_stopping_ends_the_pause_and_does_what_remains() -> None:
    task, closed = Task(0, 0), asyncio.Event()

    async def close() -> None:
        closed.set()

    running = asyncio.create_task(service_of(task, Schedule(60), on_stop=close).run(task.stop))
    await asyncio.sleep(0.05)
    assert not closed.is_set()
    task.stop.set()
    await asyncio.wait_for(running, WAIT_LIMIT_SECONDS)
    assert closed.is_set()
    assert len(task.runs) == 1


async def test_an_interval_shorter_than_a_retry_is_longer_after_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service_module, "MIN_RETRY_SECONDS", 60.0)
    task = Task(ValueError(), 0)
    running = asyncio.create_task(service_of(task).run(task.stop))
    await asyncio.wait({running}, timeout=0.2)
    assert not running.done()
    task.stop.set()
    await running
