"""Metrics of work that waits, such as mails and due releases, read from the database on demand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from engine.concurrency.executor import Executor
from engine.lifecycle.table import TIME_TRIGGERS
from engine.persistence.db.clock import skew
from engine.persistence.db.database import Database
from engine.persistence.store import tables as t
from engine.system import System
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState

log = structlog.get_logger("countersign.metrics")


class Backlog(Collector):
    """Collects gauges of the whole installation, which are the same in every process."""

    def __init__(self, system: System, executor: Executor) -> None:
        self._system = system
        self._executor = executor

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges as they are now, or only that the database does not answer."""
        yield from _pool(self._system.database)
        yield _gauge(
            "countersign_calls_waiting",
            "Calls that wait for a thread or run in one.",
            self._executor.waiting,
        )
        try:
            with self._system.database.reading() as connection:
                ahead = skew(self._system.clock, connection).total_seconds()
                gauges = list(_waiting(connection, self._system.clock.now(connection)))
        except Exception as error:  # noqa: BLE001 - whatever keeps it from answering
            log.warning("backlog_not_read", error=type(error).__name__)
            ahead, gauges = 0.0, []
        yield _gauge("countersign_database_up", "Whether the database answered.", bool(gauges))
        if gauges:
            yield _gauge(
                "countersign_clock_skew_seconds",
                "How far the clock of decisions is ahead of this machine's.",
                ahead,
            )
        yield from gauges

    def describe(self) -> Iterable[Metric]:
        """Return no metrics, so that registering the collector does not query the database."""
        return ()


def _waiting(connection: Connection, now: datetime) -> Iterable[Metric]:
    d = deliveries
    queued = sa.select(sa.func.count(), sa.func.min(d.c.created_at))
    depth, oldest = connection.execute(queued.where(d.c.state == DeliveryState.QUEUED)).one()
    yield _gauge("countersign_outbox_queued", "Messages not sent yet.", depth)
    retrying = sa.select(sa.func.count()).where(
        d.c.state == DeliveryState.QUEUED, d.c.last_error.is_not(None)
    )
    yield _gauge(
        "countersign_outbox_retrying",
        "Of the messages not sent yet, those that failed at least once.",
        connection.execute(retrying).scalar_one(),
    )
    yield _gauge(
        "countersign_outbox_oldest_seconds", "Age of the oldest of them.", _age(oldest, now)
    )
    yield _gauge(
        "countersign_worker_lag_seconds",
        "How long ago the most overdue release should have opened, closed or expired.",
        max(_age(edge, now) for edge in _overdue(connection, now)),
    )


def _overdue(connection: Connection, now: datetime) -> Iterable[datetime | None]:
    r = t.releases
    for status, (_, edge, _reason) in TIME_TRIGGERS.items():
        query = sa.select(sa.func.min(r.c[edge])).where(r.c.status == status, r.c[edge] <= now)
        yield connection.execute(query).scalar_one()


def _pool(database: Database) -> Iterable[Metric]:
    used = GaugeMetricFamily(
        "countersign_pool_connections_used", "Connections in use.", labels=("pool",)
    )
    size = GaugeMetricFamily(
        "countersign_pool_connections_limit", "Connections at most.", labels=("pool",)
    )
    for name, (busy, limit) in database.pools().items():
        used.add_metric((name,), busy)
        size.add_metric((name,), limit)
    return used, size


def _age(instant: datetime | None, now: datetime) -> float:
    return max((now - instant).total_seconds(), 0.0) if instant is not None else 0.0


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
