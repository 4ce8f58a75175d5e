"""Connections to PostgreSQL with psycopg. This module is imported only where it is used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from engine.persistence.db.timeouts import (
    CONNECT_SECONDS,
    IDLE_TRANSACTION_SECONDS,
    LOCK_WAIT_SECONDS,
    SILENCE_SECONDS,
    STATEMENT_SECONDS,
)

Result = TypeVar("Result")

_SUCCEEDED = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
# One message to the server, so that the limits cost no round trip. A process that is frozen, or
# its machine, gives back what it holds once its transaction has been idle for too long.
_LIMITS = "; ".join(
    f"SET LOCAL {name} = '{seconds}s'"
    for name, seconds in {
        "lock_timeout": LOCK_WAIT_SECONDS,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": IDLE_TRANSACTION_SECONDS,
    }.items()
)
# A transaction that reads waits for no lock, so its instant comes along. As a number: a text would
# depend on the session's settings.
_CLOCK = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WRITE = f"BEGIN; {_LIMITS}"
READ = f"BEGIN READ ONLY; {_LIMITS}; {_CLOCK}"
SNAPSHOT = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_LIMITS}; {_CLOCK}"
#: Filling a large table takes its time; to wait for a lock would make everybody else wait behind.
MIGRATE = f"BEGIN; SET LOCAL lock_timeout = '{LOCK_WAIT_SECONDS}s'; SET LOCAL statement_timeout = 0"


class PgConnection(psycopg.Connection[Any]):
    """A connection that is closed, and so discarded, when its server does not answer in time.

    A frozen server enforces none of its own limits, and its machine still acknowledges packets.
    """

    #: Seconds to wait for an answer; None: without a limit.
    silence: float | None = SILENCE_SECONDS
    #: The database's clock as its present transaction began, if that one only reads.
    begun_at: datetime | None = None

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        """Wait as the driver does, but no longer than the limit."""
        try:
            return super().wait(gen, interval, self.silence if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()  # the answer may still come, during the next statement
            raise


class Pooler:
    """Detects a pooler: it gives each client a process id that is not the server's."""

    def __init__(self) -> None:
        self.seen = False

    def look(self, connection: psycopg.Connection) -> None:
        """Behind a pooler a prepared statement may be in another session than the next call."""
        (process,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (None,)
        if process != connection.info.backend_pid:
            self.seen = True
            connection.prepare_threshold = None


def create_engine(url: URL, pool_size: int, pooler: Pooler) -> Engine:
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=LOCK_WAIT_SECONDS,
        hide_parameters=True,
        # The driver leaves transactions alone: its own BEGIN is a round trip that sets nothing.
        connect_args={"autocommit": True, **CONNECT_SECONDS},
    )

    @event.listens_for(engine, "do_connect")
    def on_reach(_: Any, __: Any, args: Any, options: Any) -> PgConnection:
        return PgConnection.connect(*args, **options)

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        pooler.look(connection)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        driver_of(connection).begun_at = None
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":  # as a migration may ask for
            _begin(connection, options.get("begin", WRITE))

    return engine


def _begin(connection: Connection, statement: str) -> None:
    """Begin a transaction directly through libpq, as the driver's own BEGIN does.

    A cursor for it would cost as much as the statement.
    """
    driver = driver_of(connection)
    try:
        driver.pgconn.send_query(statement.encode())
        results = driver.wait(generators.execute(driver.pgconn))
        if all(result.status in _SUCCEEDED for result in results):
            driver.begun_at = _instant(results[-1])
            return
    except psycopg.OperationalError:
        pass
    connection.exec_driver_sql(statement)  # fails again, as SQLAlchemy tells it


def _instant(result: PGresult) -> datetime | None:
    microseconds = result.get_value(0, 0) if result.ntuples else None
    return None if microseconds is None else _EPOCH + timedelta(microseconds=int(microseconds))


def driver_of(connection: Connection) -> PgConnection:
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, PgConnection)
    return driver


def begun_at(connection: Connection) -> datetime | None:
    """The database's clock as the transaction began, if it only reads."""
    return driver_of(connection).begun_at
