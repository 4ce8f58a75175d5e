"""Connections to SQLite or PostgreSQL; each transaction begins with a statement chosen here.

On SQLite it is the begin that savepoints need. On PostgreSQL it brings its limits along: nothing
is a session's, so that a pooler like PgBouncer may give each transaction another connection.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import OperationalError

from engine.persistence.db import sqlite
from engine.persistence.db.storage_faults import StorageHealth


class Database:
    """One database: a way to write (one transaction at a time on SQLite) and one to read."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = normal_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        #: Whether it could store what it was given lately.
        self.storage = StorageHealth()
        if self.is_sqlite:
            self._writer = sqlite.create_writer(self.url)
            self._reader = sqlite.create_reader(self.url, pool_size)
            # Every read is of one instant here.
            self._snapshots = self._reader
        else:
            from engine.persistence.db import postgresql

            # One pool; they differ in how a transaction begins.
            self._pooler = postgresql.Pooler()
            engine = postgresql.create_engine(self.url, pool_size, self._pooler)
            self._writer = engine.execution_options(begin=postgresql.WRITE)
            self._reader = engine.execution_options(begin=postgresql.READ)
            self._snapshots = engine.execution_options(begin=postgresql.SNAPSHOT)
        for engine in (self._writer, self._reader):
            event.listen(engine, "handle_error", self._on_error)

    def _on_error(self, context: ExceptionContext) -> None:
        """Every error of the driver comes through here, whichever way it is used."""
        self.storage.meet(context.original_exception)

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; its `-wal`, `-shm` and `-queue` lie beside."""
        return Path(self.url.database or "").absolute() if self.is_sqlite else None

    @property
    def is_empty_file(self) -> bool:
        """SQLite's file is not there, or was never written to."""
        return self.file is not None and not (self.file.exists() and self.file.stat().st_size)

    def make_file(self) -> None:
        """A new file of SQLite's is its owner's alone; those beside it get the same mode."""
        if self.file is not None:
            os.close(os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600))

    @property
    def is_pooled(self) -> bool:
        """A pooler stands before PostgreSQL, as the connections made so far have shown."""
        return not self.is_sqlite and self._pooler.seen

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction to write in. Left without a commit, it is rolled back."""
        with _connect_and_begin(self._writer) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction to read in; it cannot write."""
        with _reading(self._reader) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """The same, and all its statements see the database as it was at the first."""
        with _reading(self._snapshots) as connection:
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A connection to migrate by: on SQLite in one transaction, on PostgreSQL in none yet."""
        if self.is_sqlite:
            with self.writing() as connection:
                yield connection
            return
        from engine.persistence.db import postgresql

        with self._writer.connect() as connection:
            postgresql.driver_of(connection).silence = None
            try:
                yield connection.execution_options(begin=postgresql.MIGRATE)
            finally:
                connection.invalidate()  # a migration may have changed its settings

    def pools(self) -> dict[str, tuple[int, int]]:
        """By pool, the number of connections in use and of those there can be."""
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


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    with _connect_and_begin(engine) as connection:
        transaction = connection.get_transaction()
        assert transaction is not None
        # Not rolled back: the driver would forget its prepared statements.
        with transaction:
            yield connection


def _connect_and_begin(engine: Engine) -> Connection:
    """A connection in a transaction; a second one if the first had broken while it was pooled.

    Nothing was done on it yet, and with it the pool discards all connections that are as old.
    """
    try:
        return _connect_once(engine)
    except OperationalError as error:
        if not error.connection_invalidated:
            raise
    return _connect_once(engine)


def _connect_once(engine: Engine) -> Connection:
    connection = engine.connect()
    try:
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection
