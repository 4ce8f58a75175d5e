"""Ends deliveries for channels that are not configured any more, with an error that says so.

No relay would ever claim them. Requests for a decision are sent on the other channels instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.commands.transactions import bare_transaction
from engine.concurrency.executor import Executor
from engine.persistence.db.sql import id_in
from engine.system import System
from notifications.outbox import preferences, queueing
from notifications.tables import IS_QUEUED, deliveries
from notifications.vocabulary import KINDS_WITH_LINK, WEBHOOK, DeliveryState, MessageKind

#: Settled in one transaction at most.
DELIVERIES_PER_RUN = 200
#: Seconds between two runs.
INTERVAL_SECONDS = 20.0
#: Due for so long before it is given up: while a channel is brought in, some processes know it yet.
GRACE = timedelta(minutes=1)
d = deliveries


class OrphanedDeliveries:
    """Ends orphaned deliveries; any number of processes may."""

    def __init__(self, system: System, executor: Executor, channels: Collection[str]) -> None:
        self._system = system
        self._executor = executor
        self._channels = sorted(channels)

    async def run_once(self) -> int:
        """End a batch; returns how many deliveries it had."""
        ids = await self._executor.read(self._find)
        return await self._executor.write(partial(self._end, ids)) if ids else 0

    def _find(self) -> Sequence[UUID]:
        with self._system.database.reading() as connection:
            orphaned = self._orphaned(self._system.clock.now(connection))
            query = sa.select(d.c.id).where(*orphaned)
            query = query.order_by(d.c.next_attempt_at, d.c.id).limit(DELIVERIES_PER_RUN)
            return connection.execute(query).scalars().all()

    def _end(self, ids: Sequence[UUID]) -> int:
        def change(connection: Connection) -> int:
            now = self._system.clock.now(connection)
            settled = (
                d.update()
                .where(id_in(d.c.id), *self._orphaned(now))
                .values(
                    state=DeliveryState.FAILED,
                    settled_at=now,
                    last_error="the channel " + d.c.channel + " is not configured any more",
                )
                .returning(d)
            )
            rows = sorted(connection.execute(settled, {"ids": ids}).all(), key=attrgetter("id"))
            self._send_otherwise(
                connection, [row for row in rows if row.kind in KINDS_WITH_LINK], now
            )
            return len(rows)

        return bare_transaction(self._system.database, change)

    def _orphaned(self, now: datetime) -> tuple[Any, ...]:
        return (IS_QUEUED, d.c.channel.not_in(self._channels), d.c.next_attempt_at <= now - GRACE)

    def _send_otherwise(
        self, connection: Connection, rows: Sequence[Row[Any]], now: datetime
    ) -> None:
        """Send requests on each channel that people have now, unless they were sent there too."""
        if not rows:
            return
        recipients = {(row.user_id, MessageKind(row.kind)) for row in rows}
        personal = set(self._channels) - {WEBHOOK}
        chosen = preferences.channels_of(connection, recipients, personal)
        requests = _requests_like(connection, rows)
        again = [
            queueing.copy_of(row, channel, row.action_link_id)
            for row in rows
            for channel in chosen[row.user_id, MessageKind(row.kind)]
            if (row.action_link_id, row.created_at, channel) not in requests
        ]
        queueing.insert(connection, again, now)


def _requests_like(
    connection: Connection, rows: Sequence[Row[Any]]
) -> set[tuple[UUID, datetime, str]]:
    query = sa.select(d.c.action_link_id, d.c.created_at, d.c.channel)
    links = {"ids": sorted({row.action_link_id for row in rows})}
    requests = connection.execute(query.where(id_in(d.c.action_link_id)), links)
    return {tuple(row) for row in requests.all()}
