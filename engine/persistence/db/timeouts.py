"""Time limits for PostgreSQL, also for a server or a network that does not answer at all."""

from __future__ import annotations

from typing import Any

#: Seconds anything waits for a lock, a pooled connection, or a new one.
LOCK_WAIT_SECONDS = 5
#: Seconds one statement may run on PostgreSQL, and a transaction do nothing at all.
STATEMENT_SECONDS = IDLE_TRANSACTION_SECONDS = 10
#: Seconds until the answer must be there: by then a server that works has ended the statement.
SILENCE_SECONDS = STATEMENT_SECONDS + 2

#: For every connection to PostgreSQL: a host that is gone is noticed, whether or not something is
#: asked.
CONNECT_SECONDS: dict[str, Any] = {
    "connect_timeout": LOCK_WAIT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
