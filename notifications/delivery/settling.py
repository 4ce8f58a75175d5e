"""Records what became of claimed deliveries: sent, to be tried again, or failed for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Row

from engine.commands.transactions import bare_transaction
from engine.persistence.db.aggregates import gather
from engine.persistence.db.sql import id_in
from engine.persistence.db.types import Id
from engine.system import System
from notifications.delivery.lease import RetryPolicy
from notifications.outbox import calendar_handover, lanes, unreachable
from notifications.tables import IS_QUEUED, deliveries
from notifications.vocabulary import DeliveryState

#: A delivery that failed for good, and its error.
Failed: TypeAlias = tuple[Row[Any], str]
log = structlog.get_logger("countersign.relay")
_D = deliveries
_CLAIMED = _D.update().where(
    id_in(_D.c.id), _D.c.claim_id == sa.bindparam("claim", type_=Id), IS_QUEUED
)
_SENT = _CLAIMED.values(
    state=DeliveryState.SENT, settled_at=sa.bindparam("now", type_=_D.c.settled_at.type)
)

#: Called for each delivery that failed for good, with its error, after that was committed.
OnFailure = Callable[[Row[Any], str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What became of one claimed delivery."""

    delivery: Row[Any]
    #: None: it was sent.
    error: str | None = None
    #: Another attempt would fail in the same way.
    final: bool = False
    #: How long the receiving side asked to wait before the next attempt.
    retry_after: timedelta | None = None
    #: Why it was sent in its plain form; None: it said everything.
    fault: str | None = None
    #: False: its turn did not come while the claim was good; it is given back.
    tried: bool = True

    @property
    def is_sent_in_full(self) -> bool:
        """Whether it was sent as it was meant to be."""
        return self.tried and self.error is None and self.fault is None


def log_failure(row: Row[Any], error: str) -> None:
    """One line for each delivery that failed for good."""
    log.warning(
        "delivery_failed",
        delivery=str(row.id),
        channel=row.channel,
        kind=row.kind,
        account=str(row.account_id),
        attempts=row.attempts,
        error=error[:500],
    )


def settle_deliveries(
    system: System,
    results: Sequence[DeliveryResult],
    policy: RetryPolicy,
    on_failure: OnFailure = log_failure,
) -> None:
    """Record what became of deliveries, in one transaction; a claim that lapsed settles nothing.

    Args:
        system: The engine.
        results: What became of them.
        policy: When those that were not sent are tried again.
        on_failure: Called for each that failed for good, after the commit.
    """

    def change(connection: Connection) -> list[Failed]:
        return settle_all(connection, results, system.clock.now(connection), policy)

    for row, error in bare_transaction(system.database, change):
        on_failure(row, error)


def settle_all(
    connection: Connection, results: Sequence[DeliveryResult], now: datetime, policy: RetryPolicy
) -> list[Failed]:
    """Settle each, unless its claim lapsed meanwhile, and return what failed for good."""
    _settle_sent(connection, [result.delivery for result in results if result.is_sent_in_full], now)
    failed = list[Failed]()
    for result in results:
        if not result.is_sent_in_full and _settle_other(connection, result, now, policy):
            failed.append((result.delivery, result.error or ""))
    unreachable.notify(connection, failed, now)
    return failed


def _settle_sent(connection: Connection, rows: Sequence[Row[Any]], now: datetime) -> None:
    for claim_id, ids in gather((row.claim_id, row.id) for row in rows).items():
        parameters = {"claim": claim_id, "ids": sorted(ids), "now": now}
        connection.execute(_SENT, parameters)


def _settle_other(
    connection: Connection, result: DeliveryResult, now: datetime, policy: RetryPolicy
) -> bool:
    """Settle what was not sent in full, and return whether it failed for good."""
    row, values = result.delivery, _values(result, now, policy)
    claimed = {"claim": row.claim_id, "ids": [row.id]}
    settled = connection.execute(_CLAIMED.values(**values), claimed)
    if not settled.rowcount or values.get("state") is DeliveryState.SENT:
        return False
    if "next_attempt_at" not in values:
        calendar_handover.hand_over(connection, [row])
        return True
    if result.retry_after is not None:
        _hold(connection, row, values["next_attempt_at"])
    elif result.tried:
        lanes.hold(connection, row, values["next_attempt_at"])
    return False


def _hold(connection: Connection, row: Row[Any], until: datetime) -> None:
    """Let the recipient's other messages on this channel wait too, as the other side asked."""
    d = deliveries
    owner = d.c.user_id if row.webhook_id is None else d.c.webhook_id
    connection.execute(
        d.update()
        .where(
            owner == row.recipient_id,
            d.c.channel == row.channel,
            IS_QUEUED,
            d.c.next_attempt_at < until,
        )
        .values(next_attempt_at=until)
    )


def _values(result: DeliveryResult, now: datetime, policy: RetryPolicy) -> dict[str, Any]:
    """Return what is stored of a delivery that was not sent in full."""
    row = result.delivery
    if not result.tried:
        return {"next_attempt_at": now, "attempts": row.attempts - 1}
    if result.error is None:
        return {"state": DeliveryState.SENT, "settled_at": now, "last_error": result.fault}
    deadline = row.created_at + policy.give_up_after
    next_attempt_at = policy.next_attempt(now, row.attempts, deadline, result.retry_after)
    if result.final or next_attempt_at is None:
        return {"state": DeliveryState.FAILED, "settled_at": now, "last_error": result.error}
    return {"next_attempt_at": next_attempt_at, "last_error": result.error}
