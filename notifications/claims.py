"""Whose turn it is: deliveries claimed for a while, and settled by whoever claimed them.

With the unit of work these are the only commits: claim, send, settle. A claim lapses, so that
what a killed relay had under way is sent by another, or by itself when it is back.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row

from engine.persistence import tables as t
from engine.persistence.unit_of_work import bare_transaction
from engine.system import System
from engine.vocabulary import Status
from notifications.tables import action_links, deliveries, webhooks
from notifications.vocabulary import EMAIL, DeliveryState, Kind

#: Of the queue's head so many times as much is looked at as there is room for.
_LOOKAHEAD = 50
#: Whom a delivery is for: a person, or a webhook.
RECIPIENT = sa.func.coalesce(deliveries.c.user_id, deliveries.c.webhook_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
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
class Outcome:
    """What became of one claimed delivery."""

    delivery: Row[Any]
    #: None: it was sent.
    error: str | None = None
    final: bool = False
    #: How long the other side asked to be left alone.
    after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a relay has room for."""

    limit: int
    channel: str = EMAIL
    #: People, or webhooks, who are being written to: their next message waits.
    busy: frozenset[UUID] = frozenset()
    #: Nothing that was tried before.
    fresh_only: bool = False


def claim(system: System, wanted: Wanted, policy: Policy) -> list[Row[Any]]:
    """Due deliveries, one for each person who is not busy, with what it takes to write them.

    Those that are not true any more are voided here and not returned.
    """
    # On SQLite to claim takes the one lock that signing needs too; to look does not.
    with system.database.reading() as connection:
        due = _due(wanted, system.clock.now(connection))
        if connection.execute(sa.select(deliveries.c.id).where(*due).limit(1)).first() is None:
            return []

    def change(connection: Connection) -> list[Row[Any]]:
        now = system.clock.now(connection)
        claim_id = uuid4()
        while _take(connection, claim_id, wanted, now, policy):
            rows = _claimed(connection, claim_id, now)
            true = [row for row in rows if _still_true(row, now)]
            _void(connection, {row.id for row in rows} - {row.id for row in true}, now)
            if true:
                return true
            claim_id = uuid4()
        return []

    return bare_transaction(system.database, change)


def settle(system: System, outcomes: Sequence[Outcome], policy: Policy) -> None:
    """Write down what became of them; a claim that lapsed meanwhile settles nothing."""

    def change(connection: Connection) -> None:
        now = system.clock.now(connection)
        d = deliveries
        for outcome in outcomes:
            row, values = outcome.delivery, _values(outcome, now, policy)
            connection.execute(
                d.update()
                .where(
                    d.c.id == row.id,
                    d.c.claim_id == row.claim_id,
                    d.c.state == DeliveryState.QUEUED,
                )
                .values(**values)
            )
            if outcome.after is not None and "next_attempt_at" in values:
                _hold(connection, row, values["next_attempt_at"])

    bare_transaction(system.database, change)


def _due(wanted: Wanted, now: datetime) -> tuple[ColumnElement[bool], ...]:
    d = deliveries
    due: tuple[ColumnElement[bool], ...] = (
        d.c.state == DeliveryState.QUEUED,
        d.c.next_attempt_at <= now,
        d.c.channel == wanted.channel,
    )
    return (*due, d.c.attempts == 0) if wanted.fresh_only else due


def _take(
    connection: Connection, claim_id: UUID, wanted: Wanted, now: datetime, policy: Policy
) -> bool:
    d, due = deliveries, _due(wanted, now)
    query = sa.select(d.c.id, RECIPIENT.label("recipient_id"), d.c.next_attempt_at).where(*due)
    if wanted.busy:
        query = query.where(RECIPIENT.not_in(sorted(wanted.busy)))
    # However long the queue is, no more of it is looked at than this.
    first = query.order_by(d.c.next_attempt_at, d.c.id).limit(wanted.limit * _LOOKAHEAD).subquery()
    # One at a time for each person: whoever is slow keeps only themselves waiting.
    turn = sa.func.row_number().over(
        partition_by=first.c.recipient_id, order_by=(first.c.next_attempt_at, first.c.id)
    )
    ranked = sa.select(first.c.id, turn.label("turn")).subquery()
    chosen = (
        sa.select(d.c.id)
        .where(*due, d.c.id.in_(sa.select(ranked.c.id).where(ranked.c.turn == 1)))
        .order_by(d.c.next_attempt_at, d.c.id)
        .limit(wanted.limit)
        .with_for_update(skip_locked=True)
    )
    taken = connection.execute(
        d.update()
        .where(d.c.id.in_(chosen))
        .values(claim_id=claim_id, next_attempt_at=now + policy.lease, attempts=d.c.attempts + 1)
    )
    return taken.rowcount > 0


def _claimed(connection: Connection, claim_id: UUID, now: datetime) -> Sequence[Row[Any]]:
    d, u, w, link, r = deliveries, t.users, webhooks, action_links, t.releases
    query = (
        sa.select(
            d,
            RECIPIENT.label("recipient_id"),
            sa.func.coalesce(u.c.active, w.c.active).label("active"),
            w.c.name.label("webhook_name"),
            w.c.url,
            w.c.seed,
            # The secret before this one, while receivers change over.
            sa.case((w.c.previous_until > now, w.c.previous_seed)).label("previous_seed"),
            u.c.email,
            u.c.name,
            u.c.locale,
            u.c.time_zone,
            link.c.nonce,
            link.c.token_hash,
            link.c.used_at,
            link.c.voided_at,
            link.c.expires_at,
            link.c.material_revision.label("link_revision"),
            r.c.material_revision,
            r.c.status,
            r.c.ends_at,
        )
        .outerjoin(u, u.c.id == d.c.user_id)
        .outerjoin(w, w.c.id == d.c.webhook_id)
        .outerjoin(link, link.c.id == d.c.action_link_id)
        .outerjoin(r, r.c.id == d.c.release_id)
        .where(d.c.claim_id == claim_id)
        .order_by(d.c.id)
    )
    return connection.execute(query).all()


def _void(connection: Connection, ids: Collection[UUID], now: datetime) -> None:
    d = deliveries
    if ids:
        connection.execute(
            d.update()
            .where(d.c.id.in_(sorted(ids)))
            .values(state=DeliveryState.VOID, settled_at=now, attempts=d.c.attempts - 1)
        )


def _hold(connection: Connection, row: Row[Any], until: datetime) -> None:
    """Whoever asked to be left alone is sent nothing else by that way either."""
    d = deliveries
    owner = d.c.user_id if row.webhook_id is None else d.c.webhook_id
    connection.execute(
        d.update()
        .where(
            owner == row.recipient_id,
            d.c.channel == row.channel,
            d.c.state == DeliveryState.QUEUED,
            d.c.next_attempt_at < until,
        )
        .values(next_attempt_at=until)
    )


def _still_true(row: Row[Any], now: datetime) -> bool:
    """Whoever is gone gets nothing; nobody gets a link that has ended."""
    if not row.active:
        return False
    if row.kind == Kind.CLOSING_SOON:
        return row.status is Status.IN_PROGRESS and row.ends_at > now
    if row.action_link_id is None:
        return True
    return bool(
        row.used_at is None
        and row.voided_at is None
        and row.expires_at > now
        and row.link_revision == row.material_revision
        and row.status is Status.PENDING
        and row.ends_at > now
    )


def _values(outcome: Outcome, now: datetime, policy: Policy) -> dict[str, Any]:
    row = outcome.delivery
    if outcome.error is None:
        return {"state": DeliveryState.SENT, "settled_at": now}
    wait = policy.wait(row.attempts, outcome.after)
    if outcome.final or now + wait > row.created_at + policy.give_up_after:
        return {
            "state": DeliveryState.FAILED,
            "settled_at": now,
            "last_error": outcome.error,
        }
    return {"next_attempt_at": now + wait, "last_error": outcome.error}
