"""New databases to measure in, on disk and as careful as in production."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import running_postgres

BACKENDS = ("SQLite", "PostgreSQL")


@contextmanager
def databases(backend: str) -> Iterator[Callable[[], str]]:
    """As long as the block lasts: what makes a new database and answers its URL."""
    if backend == "PostgreSQL":
        with running_postgres(durable=True) as server:
            yield server.create_database
        return
    numbers = itertools.count(1)
    with tempfile.TemporaryDirectory(prefix="countersign-bench-") as folder:
        yield lambda: f"sqlite:///{Path(folder) / f'{next(numbers)}.db'}"


@contextmanager
def empty_database(backend: str) -> Iterator[str]:
    """The URL of a single one."""
    with databases(backend) as new_database:
        yield new_database()
