"""Records in the ledger that messages do not arrive, so that dashboards can follow it.

The relay settles deliveries without a ledger, since its transactions are many and short. What came
of them is gathered here: one entry for an account and channel says how many deliveries began to
fail, or failed for good, since the last one. Each delivery is marked in the transaction of its
entry, so that it counts once, however many workers there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Row

from engine.commands.transactions import transaction
from engine.concurrency.executor import Executor
from engine.model.facts import CLOCK
from engine.persistence.db.sql import id_in
from engine.persistence.store.locks import Lock
from engine.persistence.store.retry import retry
from engine.system import System
from notifications.outbox.trouble import DeliveryTroubleReported
from notifications.tables import (
    IS_UNREPORTED_FAILING,
    IS_UNREPORTED_FAILURE,
    deliveries,
)

#: Seconds between two runs.
INTERVAL_SECONDS = 60.0
#: Deliveries of each kind that a run reports at most.
DELIVERIES_PER_RUN = 500
#: A delivery that is tried again is reported once it is this old.
FAILING_AFTER = timedelta(minutes=15)
#: Deliveries that failed longer ago are not reported: an update would report all at once.
REPORTED_WITHIN = timedelta(days=1)
d = deliveries


class DeliveryTrouble:
    """Reports deliveries in trouble; any number of processes may."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor

    async def run_once(self) -> int:
        """Report a batch; returns how many deliveries it had."""
        by_account = await self._executor.read(self._find)
        count = 0
        for account_id, ids in by_account.items():
            count += await self._executor.write(partial(self._report, account_id, ids))
        return count

    def _find(self) -> Mapping[UUID, Sequence[UUID]]:
        by_account: dict[UUID, list[UUID]] = defaultdict(list)
        with self._system.database.reading() as connection:
            for row in _unreported(connection, self._system.clock.now(connection)):
                by_account[row.account_id].append(row.id)
        return by_account

    def _report(self, account_id: UUID, ids: Sequence[UUID]) -> int:
        def report() -> int:
            with transaction(self._system, account_id, None, Lock()) as uow:
                failing = _mark(uow.connection, ids, d.c.failing_reported_at, uow.now)
                failed = _mark(uow.connection, ids, d.c.failure_reported_at, uow.now)
                for channel in sorted(failing.keys() | failed.keys()):
                    event = DeliveryTroubleReported(
                        subject_id=account_id,
                        channel=channel,
                        failing=failing.get(channel, 0),
                        failed=failed.get(channel, 0),
                    )
                    uow.record(event, actor=CLOCK)
            return sum(failing.values()) + sum(failed.values())

        return retry(report)


#: What makes a delivery one to report, by the column that says that it was.
_CONDITIONS = {
    d.c.failing_reported_at: IS_UNREPORTED_FAILING,
    d.c.failure_reported_at: IS_UNREPORTED_FAILURE,
}


def _unreported(connection: Connection, now: datetime) -> list[Row[Any]]:
    """Return account and id of deliveries to report, oldest first."""
    query = sa.select(d.c.account_id, d.c.id).limit(DELIVERIES_PER_RUN)
    failing = query.where(IS_UNREPORTED_FAILING, d.c.created_at <= now - FAILING_AFTER)
    failed = query.where(IS_UNREPORTED_FAILURE, d.c.settled_at > now - REPORTED_WITHIN)
    rows = list(connection.execute(failing.order_by(d.c.created_at, d.c.id)))
    return rows + list(connection.execute(failed.order_by(d.c.settled_at, d.c.id)))


def _mark(
    connection: Connection, ids: Sequence[UUID], column: Column[Any], now: datetime
) -> dict[str, int]:
    """Mark those that are still to be reported, and return how many each channel has."""
    unreported = id_in(d.c.id), _CONDITIONS[column]
    marked = d.update().where(*unreported).values({column: now}).returning(d.c.channel)
    counts: dict[str, int] = defaultdict(int)
    for channel in connection.execute(marked, {"ids": sorted(ids)}).scalars():
        counts[channel] += 1
    return counts
