"""The one place the engine asks for the time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.persistence.db.compiled import run_compiled
from engine.persistence.db.types import Instant

# Not now(): that is the transaction's start, stale after waiting for a lock.
_CLOCK = sa.select(sa.func.clock_timestamp(type_=Instant()))


class Clock(Protocol):
    """Answers the instant of a decision, in UTC."""

    def now(self, connection: Connection) -> datetime:
        """Ask after every lock is held."""
        ...


class DatabaseClock:
    """PostgreSQL's clock, so that several machines agree; on SQLite this machine's."""

    def now(self, connection: Connection) -> datetime:
        """The instant, with an offset of zero."""
        if connection.dialect.name == "postgresql":
            return run_compiled(connection, _CLOCK, {}).scalar_one()
        return datetime.now(UTC)


def skew(clock: Clock, connection: Connection) -> timedelta:
    """How far the clock is ahead of this machine's own; exact to half of what asking takes.

    Nothing here depends on it, but a certificate, a token of another service or a log may.
    """
    before = datetime.now(UTC)
    instant = clock.now(connection)
    after = datetime.now(UTC)
    return instant - before - (after - before) / 2
