"""The one place the engine asks for the time."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.types import Instant


class clock_reading(FunctionElement[datetime]):  # noqa: N801 - used like SQLAlchemy's functions
    """The database's clock, read along with a row; null on SQLite, which has none to agree on."""

    inherit_cache = True
    name = "clock_reading"
    type = Instant()


@compiles(clock_reading)
def _no_clock(_: clock_reading, __: SQLCompiler, **___: Any) -> str:
    return "NULL"


@compiles(clock_reading, "postgresql")
def _postgresql_clock(_: clock_reading, __: SQLCompiler, **___: Any) -> str:
    # Not now(): that is the transaction's start, stale after waiting for a lock.
    return "clock_timestamp()"


_CLOCK = sa.select(clock_reading())


class Clock(Protocol):
    """Answers the instant of a decision, in UTC."""

    def now(self, connection: Connection, reading: datetime | None = None) -> datetime:
        """Ask after every lock is held.

        Args:
            connection: In a transaction.
            reading: The `clock_reading` of a statement that has just run, which saves another one.
        """
        ...


class DatabaseClock:
    """PostgreSQL's clock, so that several machines agree; on SQLite this machine's."""

    def now(self, connection: Connection, reading: datetime | None = None) -> datetime:
        """The instant, with an offset of zero: if the transaction only reads, that of its start."""
        if connection.dialect.name != "postgresql":
            return datetime.now(UTC)
        from engine.persistence.db.postgresql import begun_at

        known = reading or begun_at(connection)
        return known or run_compiled(connection, _CLOCK, {}).scalar_one()


def skew(clock: Clock, connection: Connection) -> timedelta:
    """How far the clock is ahead of this machine's own.

    It is exact to the time since the transaction began, or to half of what asking takes. Nothing
    here depends on it, but a certificate, a token of another service or a log may.
    """
    before = datetime.now(UTC)
    instant = clock.now(connection)
    after = datetime.now(UTC)
    return instant - before - (after - before) / 2
