"""Deletes deliveries some time after they were settled, in small batches.

Those about a release that is still open are kept: they decide when somebody is reminded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from engine.commands.transactions import bare_transaction
from engine.concurrency.executor import Executor
from engine.model.vocabulary import HOLDING
from engine.persistence.db.sql import id_in
from engine.persistence.store import tables as t
from engine.system import System
from notifications.tables import deliveries

#: Deleted in one transaction at most, so that nobody waits for it.
ROWS_PER_RUN = 200
#: Seconds from a run that left nothing to the next.
INTERVAL_SECONDS = 3600.0
#: Seconds from a run that deleted a full batch to the next.
BATCH_PAUSE_SECONDS = 1.0


class Retention:
    """Deletes deliveries some time after they were settled; any number of processes may."""

    def __init__(self, system: System, executor: Executor, retention: timedelta) -> None:
        self._system = system
        self._executor = executor
        self._retention = retention

    async def run_once(self) -> int:
        """Delete a batch; returns how many deliveries it had."""
        ids = await self._executor.read(self._find)
        if ids:
            await self._executor.write(partial(self._delete, ids))
        return len(ids)

    def _find(self) -> Sequence[UUID]:
        with self._system.database.reading() as connection:
            before = self._system.clock.now(connection) - self._retention
            return connection.execute(_select_expired(before).limit(ROWS_PER_RUN)).scalars().all()

    def _delete(self, ids: Sequence[UUID]) -> None:
        def change(connection: Connection) -> None:
            connection.execute(deliveries.delete().where(id_in(deliveries.c.id)), {"ids": ids})

        bare_transaction(self._system.database, change)


def _select_expired(before: datetime) -> Select[Any]:
    d, r = deliveries, t.releases
    is_open = sa.exists().where(r.c.id == d.c.release_id, r.c.status.in_(sorted(HOLDING)))
    return (
        sa.select(d.c.id)
        .where(
            # Ids begin with the time, so no index of its own is needed to find the old ones.
            d.c.id < UUID(int=int(before.timestamp() * 1000) << 80),
            d.c.settled_at < before,
            d.c.webhook_id.is_not(None) | ~is_open,
        )
        .order_by(d.c.id)
    )
