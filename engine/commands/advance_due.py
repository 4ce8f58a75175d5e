"""What time has made due on releases nobody touches, and reservations nobody settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from engine.lifecycle import TIMED
from engine.persistence import tables as t
from engine.persistence.locks import Lock
from engine.persistence.unit_of_work import transaction
from engine.signing.lapse import give_back_lapsed
from engine.system import System
from engine.vocabulary import SignatureState

#: Releases advanced in one transaction, so that none holds its locks for long.
BATCH = 100

#: An account, and a release of it; None: signatures of no release.
Found = list[tuple[UUID, UUID | None]]


def advance_due(system: System, limit: int = BATCH) -> int:
    """Advance up to `limit` releases that are due; answers how many, so that one can go on.

    Any number of workers may do it at once: what one of them has under way, the others pass by.
    """
    due, overdue = _find(system, limit)
    for account_id, release_ids in _by_account(due):
        # Entering the transaction advances what it locks.
        with transaction(system, account_id, None, _lock(release_ids)):
            pass
    for account_id, release_ids in _by_account(overdue):
        with transaction(system, account_id, None, _lock(release_ids)) as work:
            give_back_lapsed(work)
    return len(due) + len(overdue)


def _lock(release_ids: set[UUID]) -> Lock:
    return Lock(releases=frozenset(release_ids), skip_locked=True)


def _find(system: System, limit: int) -> tuple[Found, Found]:
    """What is due, and on PostgreSQL held by nobody: so that each worker finds other work."""
    database = system.database
    with database.reading() if database.is_sqlite else database.writing() as connection:
        now = system.clock.now(connection)
        return (
            _free(connection, _due_releases(now).limit(limit)),
            _free(connection, _overdue_reservations(now).limit(limit)),
        )


def _free(connection: Connection, query: Select[UUID, Any]) -> Found:
    found = connection.execute(query.with_for_update(skip_locked=True))
    return [(account_id, release_id) for account_id, release_id in found]


def _due_releases(now: datetime) -> Select[UUID, UUID]:
    r = t.releases
    edges = {edge for _, edge, _ in TIMED.values()}
    due = [
        sa.and_(
            r.c.status.in_([status for status, (_, e, _) in TIMED.items() if e == edge]),
            r.c[edge] <= now,
        )
        for edge in sorted(edges)
    ]
    return sa.select(r.c.account_id, r.c.id).where(sa.or_(*due))


def _overdue_reservations(now: datetime) -> Select[UUID, UUID]:
    s = t.signatures
    return sa.select(s.c.account_id, s.c.release_id).where(
        s.c.state == SignatureState.RESERVED, s.c.lapses_at <= now
    )


def _by_account(found: Found) -> Iterable[tuple[UUID, set[UUID]]]:
    accounts: dict[UUID, set[UUID]] = defaultdict(set)
    for account_id, id_ in found:
        ids = accounts[account_id]
        if id_ is not None:
            ids.add(id_)
    return accounts.items()
