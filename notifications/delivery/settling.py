"""What became of claimed deliveries is written down: sent, to be tried again, or failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection, Row

from engine.persistence.db.aggregates import gather
from engine.persistence.db.sql import Id, id_in
from notifications.outbox import calendar_handover, lanes, unreachable
from notifications.tables import IS_QUEUED, deliveries
from notifications.vocabulary import DeliveryState

if TYPE_CHECKING:
    from notifications.delivery.claims import DeliveryResult, RetryPolicy

#: A delivery that failed for good, and its error.
Failed: TypeAlias = tuple[Row[Any], str]
log = structlog.get_logger("countersign.relay")
_D = deliveries
_CHOSEN = _D.update().where(
    id_in(_D.c.id), _D.c.claim_id == sa.bindparam("claim", type_=Id), IS_QUEUED
)
_SENT = _CHOSEN.values(
    state=DeliveryState.SENT, settled_at=sa.bindparam("now", type_=_D.c.settled_at.type)
)

#: Called for each delivery that failed for good, with its error, after that was committed.
OnFailure = Callable[[Row[Any], str], None]


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


def settle_all(
    connection: Connection, outcomes: Sequence[DeliveryResult], now: datetime, policy: RetryPolicy
) -> list[Failed]:
    """Settle each, unless its claim lapsed meanwhile; answers what failed for good."""
    failed = list[Failed]()
    whole = [one for one in outcomes if one.tried and one.error is None and one.fault is None]
    sent = [one.delivery for one in whole]
    for claim_id, ids in gather((row.claim_id, row.id) for row in sent).items():
        given = {"claim": claim_id, "ids": sorted(ids), "now": now}
        connection.execute(_SENT, given)
    for outcome in outcomes:
        if outcome.tried and outcome.error is None and outcome.fault is None:
            continue
        row, values = outcome.delivery, _values(outcome, now, policy)
        chosen = {"claim": row.claim_id, "ids": [row.id]}
        settled = connection.execute(_CHOSEN.values(**values), chosen)
        if not settled.rowcount:
            continue
        if values.get("state") is DeliveryState.SENT:
            continue
        if "next_attempt_at" not in values:
            calendar_handover.hand_over(connection, [row])
            failed.append((row, outcome.error or ""))
        elif outcome.after is not None:
            _hold(connection, row, values["next_attempt_at"])
        elif outcome.tried:
            lanes.hold(connection, row, values["next_attempt_at"])
    unreachable.tell(connection, failed, now)
    return failed


def _hold(connection: Connection, row: Row[Any], until: datetime) -> None:
    """Whoever asked to be left alone is sent nothing else by that way either."""
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


def _values(outcome: DeliveryResult, now: datetime, policy: RetryPolicy) -> dict[str, Any]:
    row = outcome.delivery
    if not outcome.tried:
        return {"next_attempt_at": now, "attempts": row.attempts - 1}
    if outcome.error is None:
        return {"state": DeliveryState.SENT, "settled_at": now, "last_error": outcome.fault}
    wait = policy.wait(row.attempts, outcome.after)
    if outcome.final or now + wait > row.created_at + policy.give_up_after:
        return {
            "state": DeliveryState.FAILED,
            "settled_at": now,
            "last_error": outcome.error,
        }
    return {"next_attempt_at": now + wait, "last_error": outcome.error}
