"""Whose turn it is: deliveries claimed for a while, and settled by whoever claimed them.

With the unit of work these are the only commits: claim, send, settle. A claim lapses, so that
what a killed relay was sending is sent by another, or by itself when it is back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row

from engine.commands.transactions import bare_transaction
from engine.persistence.db.aggregates import gather
from engine.system import System
from notifications.delivery import latest_facts, relevance
from notifications.delivery.claim_statements import (
    AVOID_SORTING,
    CLAIMED,
    VOID,
    claim_due,
    select_due,
)
from notifications.delivery.lease import RetryPolicy
from notifications.delivery.settling import (
    DeliveryResult,
    Failed,
    OnFailure,
    log_failure,
    settle_all,
)
from notifications.outbox import administration_digest, calendar_handover
from notifications.vocabulary import EMAIL

#: How many times as many deliveries of the queue's head are looked at as there is room for.
LOOKAHEAD_FACTOR = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """What a relay has room for."""

    limit: int
    channel: str = EMAIL
    #: How many messages are being sent to each person and webhook.
    claimed: Mapping[UUID, int] = field(default_factory=dict)
    #: A recipient that has so many is claimed nothing for. What belongs to no release, and is not
    #: ordered by a lane, is sent to one recipient one at a time.
    per_recipient: int = 1
    #: Accounts that have as much being sent as they can have.
    saturated_accounts: frozenset[UUID] = frozenset()
    #: Leave out what was tried before.
    fresh_only: bool = False

    def parameters(self, now: datetime) -> dict[str, Any]:
        """Return what the conditions of the statements are given."""
        saturated = sorted(self.saturated_accounts)
        return {"now": now, "by_channel": self.channel, "saturated_accounts": saturated}


def is_any_due(system: System, request: ClaimRequest) -> bool:
    """Return whether there is something to claim, without taking any lock."""
    with system.database.reading() as connection:
        parameters = request.parameters(system.clock.now(connection))
        due = connection.execute(select_due(fresh_only=request.fresh_only), parameters)
        return due.first() is not None


def claim_deliveries(
    system: System,
    request: ClaimRequest,
    policy: RetryPolicy,
    results: Sequence[DeliveryResult] = (),
    on_failure: OnFailure = log_failure,
) -> list[Row[Any]]:
    """Claim due deliveries, and settle earlier ones in the same transaction.

    Of what one person is to be told about one release, only what was queued first is claimed: it
    is not overtaken while it waits for another attempt. Deliveries that are not worth sending any
    more are voided with the reason, and not returned.

    Args:
        system: The engine.
        request: How many to claim, and of which.
        policy: For how long they are claimed.
        results: What became of deliveries that were claimed before.
        on_failure: Called for each of those that failed for good, after the commit.

    Returns:
        At most `per_recipient` deliveries for each recipient, with all that sending them needs.
    """
    failed = list[Failed]()

    def change(connection: Connection) -> Sequence[Row[Any]]:
        if connection.dialect.name == "postgresql":
            connection.execute(AVOID_SORTING)
        now = system.clock.now(connection)
        failed[:] = settle_all(connection, results, now, policy)
        while ids := _claim(connection, request, now, policy):
            if rows := _void_irrelevant(connection, _load(connection, ids, now), now):
                if latest_facts.refresh(connection, rows):
                    return _load(connection, [row.id for row in rows], now)
                return rows
        return []

    rows = bare_transaction(system.database, change)
    for row, error in failed:
        on_failure(row, error)
    return list(rows)


def _claim(
    connection: Connection, request: ClaimRequest, now: datetime, policy: RetryPolicy
) -> list[UUID]:
    parameters = request.parameters(now) | {
        "busy": sorted(request.claimed),
        "full": sorted(
            id_ for id_, number in request.claimed.items() if number >= request.per_recipient
        ),
        "per_recipient": request.per_recipient,
        "limit": request.limit,
        "lookahead": request.limit * LOOKAHEAD_FACTOR,
        "claim": uuid4(),
        "until": now + policy.lease,
    }
    claimed = connection.execute(claim_due(fresh_only=request.fresh_only), parameters)
    return sorted(claimed.scalars())


def _load(connection: Connection, ids: Sequence[UUID], now: datetime) -> Sequence[Row[Any]]:
    return connection.execute(CLAIMED, {"ids": sorted(ids), "now": now}).all()


def _void_irrelevant(
    connection: Connection, claimed: Sequence[Row[Any]], now: datetime
) -> Sequence[Row[Any]]:
    """Void the deliveries that are not worth sending any more, and return the others."""
    if administration_digest.gather_changes(connection, claimed, now):
        claimed = _load(connection, [row.id for row in claimed], now)
    reasons = {row.id: relevance.why_irrelevant(row, now) for row in claimed}
    _void(connection, {id_: why for id_, why in reasons.items() if why is not None}, now)
    irrelevant = [row for row in claimed if reasons[row.id] is not None]
    calendar_handover.hand_over(connection, irrelevant)
    return [row for row in claimed if reasons[row.id] is None]


def _void(connection: Connection, reasons: Mapping[UUID, str], now: datetime) -> None:
    for reason, ids in gather((reason, id_) for id_, reason in reasons.items()).items():
        parameters = {"ids": sorted(ids), "now": now, "reason": reason}
        connection.execute(VOID, parameters)
