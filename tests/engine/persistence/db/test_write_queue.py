"""Who waits for SQLite's write lock has it before who had it and comes again."""

import fcntl
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy.exc import OperationalError

from engine.model.errors import Code, Refusal
from engine.persistence.db import write_queue
from engine.persistence.db.database import Database
from engine.persistence.store.retry import translate_db_error
from tests.support.waiting import until

LIMIT_SECONDS = 0.3


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


@pytest.fixture
def open_database(file: Path) -> Iterator[Callable[[], Database]]:
    """Opens it once more, as another process would."""
    opened: list[Database] = []

    def open_again() -> Database:
        opened.append(Database(f"sqlite:///{file}"))
        return opened[-1]

    open_again().make_file()
    yield open_again
    for database in opened:
        database.dispose()


@pytest.fixture
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "LOCK_WAIT_SECONDS", LIMIT_SECONDS)


def queue_of(file: Path) -> Path:
    return Path(f"{file}{write_queue.SUFFIX}")


def is_queue_locked(file: Path) -> bool:
    with queue_of(file).open() as queue:
        try:
            fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@contextmanager
def queue_locked(file: Path) -> Iterator[None]:
    queue_of(file).touch()
    with queue_of(file).open() as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)
        yield


def test_who_waits_comes_before_who_has_just_committed(
    file: Path, open_database: Callable[[], Database]
) -> None:
    first, second = open_database(), open_database()
    order: list[str] = []

    def write_once() -> None:
        with second.writing():
            order.append("second")

    for _ in range(20):
        order.clear()
        with first.writing() as connection:
            waiting = Thread(target=write_once)
            waiting.start()
            until(lambda: is_queue_locked(file))
            connection.commit()
            with connection.begin():
                order.append("first again")
        waiting.join()
        assert order == ["second", "first again"]


def test_nobody_is_waited_for_longer_than_the_limit(
    file: Path, open_database: Callable[[], Database], short_limit: None
) -> None:
    first, second = open_database(), open_database()
    with first.writing():
        with pytest.raises(OperationalError) as raised, second.writing():
            pass
        refusal = translate_db_error(raised.value)
        assert isinstance(refusal, Refusal)
        assert refusal.code is Code.OVERLOADED
        assert not is_queue_locked(file), "who gave up leaves the queue"
    with second.writing():
        pass


def test_a_process_that_is_stuck_at_the_head_of_the_queue_keeps_nobody_from_writing(
    file: Path, open_database: Callable[[], Database], short_limit: None
) -> None:
    database = open_database()
    with queue_locked(file):
        started = time.monotonic()
        with database.writing():
            assert time.monotonic() - started >= LIMIT_SECONDS


def test_a_process_that_is_killed_at_the_head_of_the_queue_leaves_it(
    file: Path, open_database: Callable[[], Database]
) -> None:
    def stay() -> None:
        with queue_locked(file):
            signal.pause()

    process = multiprocessing.get_context("fork").Process(target=stay)
    process.start()
    until(lambda: queue_of(file).exists() and is_queue_locked(file))
    process.kill()
    process.join()
    assert not is_queue_locked(file)


def test_without_a_queue_it_writes_all_the_same(
    file: Path, open_database: Callable[[], Database]
) -> None:
    queue_of(file).mkdir()
    with open_database().writing() as connection:
        connection.exec_driver_sql("CREATE TABLE numbers (number)")
        connection.commit()


def test_the_queue_is_for_those_who_may_write_to_the_database(
    file: Path, open_database: Callable[[], Database]
) -> None:
    file.chmod(0o660)
    before = os.umask(0)
    try:
        with open_database().writing():
            pass
    finally:
        os.umask(before)
    assert queue_of(file).stat().st_mode & 0o777 == 0o660
