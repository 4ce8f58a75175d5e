"""New databases to measure in, on disk and as careful as in production."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from engine.persistence.db.database import normal_url
from engine.persistence.db.sqlite import WAL_CHECKPOINT_PAGES
from tests.support.postgres import running_postgres

BACKENDS = ("SQLite", "PostgreSQL")
SQLITE_PREFIX = "sqlite:///"


class NewDatabase(Protocol):
    """Makes a database."""

    def __call__(self, template: str | None = None, /) -> str:
        """Return the URL of a new database.

        Args:
            template: The URL of a database to copy, to which nobody is connected; None: empty.
        """


@contextmanager
def databases(backend: str) -> Iterator[NewDatabase]:
    """Give what makes new databases, which are gone after the block."""
    if backend == "PostgreSQL":
        with running_postgres(durable=True) as server:
            yield server.create_database
        return
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        yield _sqlite_files(Path(folder))


@contextmanager
def empty_database(backend: str) -> Iterator[str]:
    """Give the URL of a single new database."""
    with databases(backend) as new_database:
        yield new_database()


def connect_sqlite(url: str) -> sqlite3.Connection:
    """Return a connection of the bare driver that is as careful as the engine's writer."""
    connection = sqlite3.connect(
        sqlite_path(url), isolation_level=None, timeout=30, check_same_thread=False
    )
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"wal_autocheckpoint={WAL_CHECKPOINT_PAGES}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_postgresql(url: str) -> psycopg.Connection:
    """Return a connection of the bare driver, which prepares every statement."""
    parsed = normal_url(url)
    return psycopg.connect(
        host=str(parsed.query["host"]),
        user=parsed.username,
        dbname=parsed.database,
        autocommit=True,
        prepare_threshold=0,
    )


def sqlite_path(url: str) -> str:
    """Return the path of the file that a database's URL names."""
    return url.removeprefix(SQLITE_PREFIX)


def _sqlite_files(folder: Path) -> NewDatabase:
    numbers = itertools.count(1)

    def new_database(template: str | None = None, /) -> str:
        url = f"{SQLITE_PREFIX}{folder / f'{next(numbers)}.db'}"
        if template is not None:
            shutil.copy(sqlite_path(template), sqlite_path(url))
        return url

    return new_database
