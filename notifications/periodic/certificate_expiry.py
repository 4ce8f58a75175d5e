"""Notifies those who manage keypairs of X.509 certificates that expire soon.

A certificate passes the steps of `NOTICE_DAYS`. Only the nearest one that is due is sent: a
certificate that is added late, or whose earlier steps passed while no worker ran, causes one
message. The step is written to its row in the transaction that queues the message, and only where
that step or a nearer one is not there yet: each is sent once, however many workers there are.

Nothing is sent about a removed certificate, nor about one of a disabled keypair, which signs
nothing; once the keypair is enabled again, the step that is then due is sent.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from engine.commands.transactions import bare_transaction
from engine.concurrency.executor import Executor
from engine.model.certificates import CertificateKind
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.system import System
from notifications.facts.message_data import facts_of_expiry
from notifications.outbox import queueing, recipients
from notifications.vocabulary import EMAIL, MessageKind

#: Seconds between two runs. A run reads every certificate, and no step is due to the minute.
INTERVAL_SECONDS = 600.0
#: Certificates that a run notifies of at most.
CERTIFICATES_PER_RUN = 200
#: How many days before the expiry people are notified.
NOTICE_DAYS = (60, 30, 14, 7, 1)
_DAY = timedelta(days=1)
c, k = t.certificates, t.keypairs


def due_step(expires_at: datetime, now: datetime) -> int | None:
    """Return the nearest of the steps that have begun; None before all, and after the expiry."""
    if expires_at <= now:
        return None
    return min((days for days in NOTICE_DAYS if expires_at - now <= days * _DAY), default=None)


class CertificateExpiry:
    """Queues the notices as they become due; any number of processes may."""

    def __init__(
        self, system: System, executor: Executor, *, channels: Collection[str] = (EMAIL,)
    ) -> None:
        self._system = system
        self._executor = executor
        self._channels = frozenset(channels)

    async def run_once(self) -> int:
        """Queue a batch; returns for how many certificates."""
        count = 0
        for row in await self._executor.read(self._find):
            count += await self._executor.write(partial(self._notify, row), row.account_id)
        return count

    def _find(self) -> Sequence[Row[Any]]:
        with self._system.database.reading() as connection:
            now = self._system.clock.now(connection)
            is_due = sa.or_(
                *(_is_unsent(days) & (c.c.expires_at <= now + days * _DAY) for days in NOTICE_DAYS)
            )
            query = (
                sa.select(c.c.id, c.c.account_id, c.c.expires_at, c.c.subject, c.c.is_default)
                .add_columns(k.c.alias)
                .join(k, k.c.id == c.c.keypair_id)
                .where(*_is_watched(now), is_due)
                .order_by(c.c.expires_at, c.c.id)
                .limit(CERTIFICATES_PER_RUN)
            )
            return connection.execute(query).all()

    def _notify(self, row: Row[Any]) -> bool:
        """Queue the notice, unless another worker did; answers whether it was queued."""

        def change(connection: Connection) -> bool:
            now = self._system.clock.now(connection)
            step = due_step(row.expires_at, now)
            if step is None or not _mark(connection, row, step, now):
                return False
            settings = loading.load_settings(connection, row.account_id)
            message = queueing.OutboxMessage(
                kind=MessageKind.CERTIFICATE_EXPIRES,
                account_id=row.account_id,
                facts=facts_of_expiry(settings, row, math.ceil((row.expires_at - now) / _DAY), now),
                people=recipients.keypair_managers(connection, row.account_id),
            )
            queueing.enqueue(connection, [message], now, channels=self._channels)
            return True

        return bare_transaction(self._system.database, change)


def _mark(connection: Connection, row: Row[Any], step: int, now: datetime) -> bool:
    """Write down that a step is sent; answers False where it was, or must not be any more."""
    update = c.update().where(c.c.id == row.id, *_is_watched(now), _is_unsent(step))
    return connection.execute(update.values(expiry_notice_days=step)).rowcount == 1


def _is_watched(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Match certificates that people are notified of before they expire."""
    owner = k.alias("owner")
    return (
        c.c.kind == CertificateKind.X509,
        c.c.removed_at.is_(None),
        c.c.expires_at > now,
        sa.exists().where(owner.c.id == c.c.keypair_id, owner.c.enabled),
    )


def _is_unsent(days: int) -> ColumnElement[bool]:
    """Match certificates for which neither this step nor a nearer one was sent."""
    return c.c.expiry_notice_days.is_(None) | (c.c.expiry_notice_days > days)
