"""Connections to SQLite or PostgreSQL, with the begin rules that savepoints need."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url

#: Seconds anything waits for a lock, a pooled connection, or a new one.
WAIT = 5
#: Seconds one statement may run on PostgreSQL.
STATEMENT = 30


class Database:
    """One database: a way to write (one transaction at a time on SQLite) and one to read."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = normal_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writer = _sqlite_engine(self.url, "BEGIN IMMEDIATE", pool_size=1)
            self._reader = _sqlite_engine(self.url, "BEGIN", pool_size=pool_size, read_only=True)
        else:
            self._writer = _postgresql_engine(self.url, pool_size)
            # The same pool; only BEGIN says READ ONLY.
            self._reader = self._writer.execution_options(postgresql_readonly=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction to write in. Left without a commit, it is rolled back."""
        with self._writer.connect() as connection:
            connection.begin()
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction to read in; it cannot write."""
        with self._reader.connect() as connection, connection.begin():
            yield connection

    def pools(self) -> dict[str, tuple[int, int]]:
        """Of each pool: connections in use, and how many there can be."""
        engines = (
            {"write": self._writer, "read": self._reader}
            if self.is_sqlite
            else {"all": self._writer}
        )
        pools = {name: engine.pool for name, engine in engines.items()}
        return {
            name: (pool.checkedout(), pool.size())
            for name, pool in pools.items()
            if isinstance(pool, sa.QueuePool)
        }

    def dispose(self) -> None:
        """Close every pooled connection."""
        self._writer.dispose()
        self._reader.dispose()


def normal_url(url: str) -> URL:
    """Accept `postgresql://` for the one driver used, psycopg 3."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return parsed.set(drivername="sqlite")
    raise ValueError(f"the database must be SQLite or PostgreSQL, not {backend}")


def _sqlite_engine(url: URL, begin: str, pool_size: int, *, read_only: bool = False) -> Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=WAIT,
        # The driver's own begin loses the outer transaction when a first savepoint is released,
        # so the driver is told to leave transactions alone and the `begin` event emits ours.
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": WAIT},
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={WAIT * 1000}",
            f"query_only={'ON' if read_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(url: URL, pool_size: int) -> Engine:
    limits = f"-c timezone=UTC -c lock_timeout={WAIT}s -c statement_timeout={STATEMENT}s"
    return sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=WAIT,
        hide_parameters=True,
        connect_args={"options": limits, "connect_timeout": WAIT},
    )
