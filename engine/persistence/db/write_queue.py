"""Processes that write to one SQLite file take turns.

SQLite keeps no queue for its write lock: who finds it taken looks again after up to 0.1 seconds,
and who commits and begins again meanwhile has it once more. Of two processes that write all the
time one can so wait for seconds. Here whoever waits for the lock first locks a file beside the
database, and only who holds that one tries for SQLite's lock, each millisecond. A process that has
just committed thus comes after the one that was waiting.

The file decides the order alone. What keeps writers apart is SQLite's lock, so that a program that
knows nothing of the file, such as `sqlite3`, does no harm.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from engine.persistence.db.compiled import run_by_driver
from engine.persistence.db.storage_faults import primary_code
from engine.persistence.db.timeouts import LOCK_WAIT_SECONDS

#: What is added to the name of the database's file.
SUFFIX = "-queue"
#: Seconds between two tries for a lock.
RETRY_SECONDS = 0.001


def begin_immediate(connection: Connection, database_file: Path) -> None:
    """Begin a transaction that has the write lock, in turn with other processes.

    Raises:
        DBAPIError: As SQLAlchemy raises it; SQLITE_BUSY where another had the lock for too long.
    """
    driver: Any = connection.connection.driver_connection
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    with _first_in_queue(database_file, deadline):
        _wait_until(lambda: not _is_locked(driver), deadline)
    if not driver.in_transaction:
        run_by_driver(connection, "BEGIN IMMEDIATE", (), fetch=False)


@contextmanager
def _first_in_queue(database_file: Path, deadline: float) -> Iterator[None]:
    """Hold the queue's file locked, or wait until the deadline for it.

    Where there can be no such file, it goes without.
    """
    try:
        queue = _open(database_file)
    except OSError:
        yield
        return
    try:
        _wait_until(lambda: _lock(queue), deadline)
        yield
    finally:
        # Not by closing it alone: a process that was forked meanwhile has it open too.
        with suppress(OSError):
            fcntl.flock(queue, fcntl.LOCK_UN)
        os.close(queue)


def _open(database_file: Path) -> int:
    """Open the queue's file; a new one has the owner and mode of the database, as its log has."""
    path = f"{database_file}{SUFFIX}"
    try:
        return os.open(path, os.O_RDWR)
    except FileNotFoundError:
        owner = database_file.stat()
        queue = os.open(path, os.O_RDWR | os.O_CREAT, owner.st_mode & 0o777)
        if os.geteuid() == 0:
            os.fchown(queue, owner.st_uid, owner.st_gid)
        return queue


def _lock(queue: int) -> bool:
    """Try to lock the queue's file; a file system that cannot is not waited for."""
    try:
        fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return not isinstance(error, BlockingIOError)
    return True


def _is_locked(driver: Any) -> bool:
    """Try to begin; whatever else keeps SQLite from it is not waited for."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return primary_code(error) == sqlite3.SQLITE_BUSY
    return False


def _wait_until(is_done: Callable[[], bool], deadline: float) -> None:
    while not is_done() and time.monotonic() < deadline:
        time.sleep(RETRY_SECONDS)
