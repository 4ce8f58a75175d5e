"""Notifies those who manage keypairs of certificates that expire soon, X.509 and OpenPGP.

A certificate passes the steps of `NOTICE_DAYS`. Only the nearest one that is due is sent: a
certificate that is added late, or whose earlier steps passed while no worker ran, causes one
message. The step is written to its row in the transaction that queues the message, and only where
that step or a nearer one is not there yet: each is sent once, however many workers there are.

Nothing is sent about a removed certificate, nor about one of a disabled keypair, which signs
nothing; once the keypair is enabled again, the step that is then due is sent. A renewed OpenPGP
certificate begins anew.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from engine.commands.transactions import bare_transaction
from engine.concurrency.executor import Executor
from engine.model.certificates import CertificateKind
from engine.persistence.db.types import enum_column
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
k = t.keypairs


@dataclass(frozen=True, slots=True)
class _Source:
    """A table with certificates of one kind."""

    kind: CertificateKind
    #: Has `keypair_id`, `expires_at` and `expiry_notice_days`.
    table: sa.Table
    subject: ColumnElement[str]
    is_default: ColumnElement[bool]
    #: What holds for those of its rows that are in use.
    in_use: tuple[ColumnElement[bool], ...] = ()

    def is_watched(self, now: datetime) -> tuple[ColumnElement[bool], ...]:
        """Match certificates that people are notified of before they expire."""
        c, owner = self.table.c, k.alias("owner")
        has_enabled_keypair = sa.exists().where(owner.c.id == c.keypair_id, owner.c.enabled)
        return (*self.in_use, c.expires_at > now, has_enabled_keypair)

    def is_unsent(self, days: int) -> ColumnElement[bool]:
        """Match certificates for which neither this step nor a nearer one was sent."""
        sent = self.table.c.expiry_notice_days
        return sent.is_(None) | (sent > days)


_X509 = _Source(
    CertificateKind.X509,
    t.certificates,
    t.certificates.c.subject,
    t.certificates.c.is_default,
    (t.certificates.c.kind == CertificateKind.X509, t.certificates.c.removed_at.is_(None)),
)
_OPENPGP = _Source(
    CertificateKind.OPENPGP,
    t.openpgp_primary_keys,
    t.openpgp_primary_keys.c.openpgp_user_id,
    sa.false(),
)
_SOURCES = {source.kind: source for source in (_X509, _OPENPGP)}


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
            due = sa.union_all(*(_due(source, now) for source in _SOURCES.values())).subquery()
            query = sa.select(due).order_by(due.c.expires_at, due.c.id)
            return connection.execute(query.limit(CERTIFICATES_PER_RUN)).all()

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


def _due(source: _Source, now: datetime) -> sa.Select[Any]:
    """Select the certificates of a table of which a step has begun and was not sent."""
    c = source.table.c
    is_due = sa.or_(
        *(source.is_unsent(days) & (c.expires_at <= now + days * _DAY) for days in NOTICE_DAYS)
    )
    kind = sa.literal(source.kind, enum_column(CertificateKind)).label("kind")
    return (
        sa.select(c.id, kind, c.expires_at, source.subject.label("subject"))
        .add_columns(source.is_default.label("is_default"), k.c.account_id, k.c.alias)
        .join(k, k.c.id == c.keypair_id)
        .where(*source.is_watched(now), is_due)
    )


def _mark(connection: Connection, row: Row[Any], step: int, now: datetime) -> bool:
    """Write down that a step is sent; answers False where it was, or must not be any more."""
    source = _SOURCES[row.kind]
    table = source.table
    # One that was renewed since it was read expires at another time.
    is_same = (table.c.id == row.id) & (table.c.expires_at == row.expires_at)
    update = table.update().where(is_same, *source.is_watched(now), source.is_unsent(step))
    return connection.execute(update.values(expiry_notice_days=step)).rowcount == 1
