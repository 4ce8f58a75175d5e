"""Time limits for PostgreSQL, also for a server or a network that does not answer at all."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

Result = TypeVar("Result")

#: Seconds anything waits for a lock, a pooled connection, or a new one.
LOCK_WAIT_SECONDS = 5
#: Seconds one statement may run on PostgreSQL, and a transaction do nothing at all.
STATEMENT_SECONDS = IDLE_TRANSACTION_SECONDS = 10
#: Seconds until the answer must be there: by then a server that works has ended the statement.
SILENCE_SECONDS = STATEMENT_SECONDS + 2

#: For every connection: a host that is gone is noticed, whether or not something is asked.
CONNECT_SECONDS: dict[str, Any] = {
    "connect_timeout": LOCK_WAIT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}


class Connection(psycopg.Connection[Any]):
    """A connection that is closed, and so discarded, when its server does not answer in time.

    A frozen server enforces none of its own limits, and its machine still acknowledges packets.
    """

    #: Seconds to wait for an answer; None: without a limit.
    silence: float | None = SILENCE_SECONDS

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
