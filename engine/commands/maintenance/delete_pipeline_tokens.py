"""Delete tokens of pipelines some time after they expired, and uses that cannot be repeated."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from engine.commands.transactions import bare_transaction
from engine.persistence.store.credentials.pipeline_tokens import delete_expired
from engine.system import System

#: For how long an expired token of a pipeline can still be seen in the list of tokens.
KEPT = timedelta(days=30)
#: Rows of each kind that are deleted in one transaction, so that nobody waits for it.
ROWS_PER_RUN = 500
#: Seconds from a run that left nothing to the next.
INTERVAL_SECONDS = 600.0


def delete_pipeline_tokens(system: System) -> int:
    """Delete a batch; returns how many rows it had."""

    def change(connection: Connection) -> int:
        now = system.clock.now(connection)
        return delete_expired(connection, now, now - KEPT, ROWS_PER_RUN)

    return bare_transaction(system.database, change)
