"""Whose turn it is: deliveries claimed for a while, and settled by whoever claimed them.

With the unit of work these are the only commits: claim, send, settle. A claim lapses, so that
what a killed relay had under way is sent by another, or by itself when it is back.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, Row, Select, Update

from engine.commands.transactions import bare_transaction
from engine.persistence.db.aggregates import gather
from engine.persistence.db.sql import Id, id_in, in_subquery
from engine.persistence.store import tables as t
from engine.system import System
from notifications.delivery import latest_facts, relevance
from notifications.delivery.settling import Failed, OnFailure, log_failure, settle_all
from notifications.outbox import administration_digest, calendar_handover, lanes
from notifications.tables import IS_QUEUED, action_links, deliveries, webhooks
from notifications.vocabulary import EMAIL, DeliveryState

#: Of the queue's head so many times as much is looked at as there is room for.
_LOOKAHEAD = 50
#: Whom a delivery is for: a person, or a webhook.
RECIPIENT = sa.func.coalesce(deliveries.c.user_id, deliveries.c.webhook_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patiently it is tried."""

    #: Longer than any channel's own time limit.
    lease: timedelta = timedelta(seconds=60)
    first_wait: timedelta = timedelta(seconds=5)
    #: Also of what the other side asks for.
    longest_wait: timedelta = timedelta(hours=1)
    #: After this it has failed, however temporary each refusal was.
    give_up_after: timedelta = timedelta(days=2)

    def wait(self, attempts: int, asked: timedelta | None = None) -> timedelta:
        """Twice as long each time, spread so that not all come back at once; never less than the
        other side asked for, within reason.
        """
        longest = min(self.first_wait * float(2 ** min(attempts - 1, 30)), self.longest_wait)
        ours = longest * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards nothing
        return ours if asked is None else max(ours, min(asked, self.longest_wait))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What became of one claimed delivery."""

    delivery: Row[Any]
    #: None: it was sent.
    error: str | None = None
    final: bool = False
    #: How long the other side asked to be left alone.
    after: timedelta | None = None
    #: Why it was sent in its plain form; None: it said everything.
    fault: str | None = None
    #: False: its turn did not come while the claim was good; it is given back.
    tried: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """What a relay has room for."""

    limit: int
    channel: str = EMAIL
    #: People, or webhooks, who are being written to: their next message waits.
    busy: frozenset[UUID] = frozenset()
    #: Accounts that have all the turns they can have.
    saturated_accounts: frozenset[UUID] = frozenset()
    #: Nothing that was tried before.
    fresh_only: bool = False


def is_any_due(system: System, wanted: ClaimRequest) -> bool:
    """Return whether there is something to claim, without any lock."""
    with system.database.reading() as connection:
        asked = _asked(wanted, system.clock.now(connection))
        due = connection.execute(_look(fresh_only=wanted.fresh_only), asked)
        return due.first() is not None


def claim(
    system: System,
    wanted: ClaimRequest,
    policy: RetryPolicy,
    outcomes: Sequence[DeliveryResult] = (),
    on_failure: OnFailure = log_failure,
) -> list[Row[Any]]:
    """Due deliveries, one for each person who is not busy, with what it takes to write them.

    Of what one person is to be told about one release, only what was queued first: it is not
    overtaken while it waits for another try.

    Those that are not worth sending any more are voided here, with the reason, and not returned.
    What became of earlier ones is settled in the same transaction.
    """
    failed = list[Failed]()

    def change(connection: Connection) -> Sequence[Row[Any]]:
        now = system.clock.now(connection)
        failed[:] = settle_all(connection, outcomes, now, policy)
        while ids := _take(connection, wanted, now, policy):
            rows = connection.execute(_CLAIMED, {"ids": ids, "now": now}).all()
            if administration_digest.gather_changes(connection, rows, now):
                rows = connection.execute(_CLAIMED, {"ids": ids, "now": now}).all()
            wrong = {row.id: relevance.why_irrelevant(row, now) for row in rows}
            _void(connection, {id_: why for id_, why in wrong.items() if why is not None}, now)
            unsent = [row for row in rows if wrong[row.id] is not None]
            calendar_handover.hand_over(connection, unsent)
            if true := [row for row in rows if wrong[row.id] is None]:
                if latest_facts.refresh(connection, true):
                    asked = {"ids": sorted(row.id for row in true), "now": now}
                    return connection.execute(_CLAIMED, asked).all()
                return true
        return []

    rows = bare_transaction(system.database, change)
    for row, error in failed:
        on_failure(row, error)
    return list(rows)


def settle(
    system: System,
    outcomes: Sequence[DeliveryResult],
    policy: RetryPolicy,
    on_failure: OnFailure = log_failure,
) -> None:
    """Write down what became of them; a claim that lapsed meanwhile settles nothing."""

    def change(connection: Connection) -> list[Failed]:
        return settle_all(connection, outcomes, system.clock.now(connection), policy)

    for row, error in bare_transaction(system.database, change):
        on_failure(row, error)


def _asked(wanted: ClaimRequest, now: datetime) -> dict[str, Any]:
    crowding = sorted(wanted.saturated_accounts)
    return {"now": now, "by_channel": wanted.channel, "crowding": crowding}


def _take(
    connection: Connection, wanted: ClaimRequest, now: datetime, policy: RetryPolicy
) -> list[UUID]:
    given = _asked(wanted, now) | {
        "busy": sorted(wanted.busy),
        "limit": wanted.limit,
        "look": wanted.limit * _LOOKAHEAD,
        "claim": uuid4(),
        "until": now + policy.lease,
    }
    return sorted(connection.execute(_taking(fresh_only=wanted.fresh_only), given).scalars())


# Statements are built once: to build one costs more than to run it.
_D = deliveries
_SET_ASIDE = sa.bindparam("claim", type_=Id)
_NOW = sa.bindparam("now", type_=_D.c.next_attempt_at.type)
_VOID = (
    _D.update()
    .where(id_in(_D.c.id))
    .values(
        state=DeliveryState.VOID,
        settled_at=_NOW,
        attempts=_D.c.attempts - 1,
        last_error=sa.bindparam("reason", type_=sa.Text),
    )
)


def _due(*, fresh_only: bool) -> tuple[Any, ...]:
    crowding: sa.BindParameter[Any] = sa.bindparam("crowding", expanding=True)
    due = (
        IS_QUEUED,
        _D.c.next_attempt_at <= _NOW,
        _D.c.channel == sa.bindparam("by_channel"),
        _D.c.account_id.not_in(crowding),
    )
    return (*due, _D.c.attempts == 0) if fresh_only else due


@cache
def _look(*, fresh_only: bool) -> Select[Any]:
    return sa.select(_D.c.id).where(*_due(fresh_only=fresh_only), lanes.is_first(_D)).limit(1)


@cache
def _taking(*, fresh_only: bool) -> Update:
    due = _due(fresh_only=fresh_only)
    busy: sa.BindParameter[Any] = sa.bindparam("busy", expanding=True)
    # However long the queue is, no more of it is looked at than this.
    first = (
        sa.select(_D.c.id, RECIPIENT.label("recipient_id"), _D.c.next_attempt_at)
        .where(*due, RECIPIENT.not_in(busy), lanes.is_first(_D))
        .order_by(_D.c.next_attempt_at, _D.c.id)
        .limit(sa.bindparam("look", type_=sa.Integer))
        .subquery()
    )
    # One at a time for each person: whoever is slow keeps only themselves waiting.
    turn = sa.func.row_number().over(
        partition_by=first.c.recipient_id, order_by=(first.c.next_attempt_at, first.c.id)
    )
    ranked = sa.select(first.c.id, turn.label("turn")).subquery()
    chosen = (
        sa.select(_D.c.id)
        .where(*due, in_subquery(_D.c.id, sa.select(ranked.c.id).where(ranked.c.turn == 1)))
        .order_by(_D.c.next_attempt_at, _D.c.id)
        .limit(sa.bindparam("limit", type_=sa.Integer))
        .with_for_update(skip_locked=True)
    )
    until = sa.bindparam("until", type_=_D.c.next_attempt_at.type)
    values = {"claim_id": _SET_ASIDE, "next_attempt_at": until, "attempts": _D.c.attempts + 1}
    return _D.update().where(in_subquery(_D.c.id, chosen)).values(values).returning(_D.c.id)


def _claimed() -> Select[Any]:
    d, u, w, link, r = deliveries, t.users, webhooks, action_links, t.releases
    c = t.address_changes
    return (
        sa.select(
            d,
            RECIPIENT.label("recipient_id"),
            sa.func.coalesce(u.c.active, w.c.active).label("active"),
            w.c.name.label("webhook_name"),
            w.c.url,
            w.c.seed,
            # The secret before this one, while receivers change over.
            sa.case((w.c.previous_until > _NOW, w.c.previous_seed)).label("previous_seed"),
            u.c.email,
            u.c.name,
            u.c.locale,
            u.c.time_zone,
            lanes.is_followed(d).label("is_followed"),
            link.c.nonce,
            link.c.token_hash,
            link.c.used_at,
            link.c.voided_at,
            link.c.expires_at,
            link.c.material_revision.label("link_revision"),
            c.c.nonce.label("change_nonce"),
            c.c.expires_at.label("change_expires_at"),
            sa.func.coalesce(c.c.used_at, c.c.voided_at).label("change_ended_at"),
            r.c.revision.label("release_revision"),
            r.c.material_revision,
            r.c.round_revision,
            r.c.required_approvals,
            r.c.signatures_used,
            r.c.max_signatures,
            r.c.status,
            r.c.starts_at,
            r.c.ends_at,
        )
        .outerjoin(u, u.c.id == d.c.user_id)
        .outerjoin(w, w.c.id == d.c.webhook_id)
        .outerjoin(link, link.c.id == d.c.action_link_id)
        .outerjoin(r, r.c.id == d.c.release_id)
        .outerjoin(c, c.c.id == d.c.address_change_id)
        .where(id_in(d.c.id))
        .order_by(d.c.id)
    )


_CLAIMED = _claimed()


def _void(connection: Connection, reasons: Mapping[UUID, str], now: datetime) -> None:
    for reason, ids in gather((reason, id_) for id_, reason in reasons.items()).items():
        given = {"ids": sorted(ids), "now": now, "reason": reason}
        connection.execute(_VOID, given)
