"""What time has made due on releases nobody touches, and reservations nobody settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from engine.lifecycle import TIMED
from engine.persistence import tables as t
from engine.persistence.locks import Lock
from engine.persistence.unit_of_work import transaction
from engine.signing.lapse import give_back_lapsed
from engine.system import System
from engine.vocabulary import SignatureState

#: Releases advanced in one transaction, so that none holds its locks for long.
BATCH = 100


def advance_due(system: System, limit: int = BATCH) -> int:
    """Advance up to `limit` releases that are due; answers how many, so that one can go on."""
    with system.database.reading() as connection:
        due = _due_releases(connection, system, limit)
        overdue = _overdue_reservations(connection, system, limit)
    for account_id, release_ids in _by_account(due):
        # Entering the transaction advances what it locks.
        with transaction(system, account_id, None, Lock(releases=frozenset(release_ids))):
            pass
    for account_id, release_ids in _by_account(overdue):
        lock = Lock(releases=frozenset(release_ids))
        with transaction(system, account_id, None, lock) as work:
            give_back_lapsed(work)
    return len(due) + len(overdue)


def _due_releases(
    connection: Connection, system: System, limit: int
) -> list[tuple[UUID, UUID | None]]:
    r, now = t.releases, system.clock.now(connection)
    edges = {edge for _, edge, _ in TIMED.values()}
    due = [
        sa.and_(
            r.c.status.in_([status for status, (_, e, _) in TIMED.items() if e == edge]),
            r.c[edge] <= now,
        )
        for edge in sorted(edges)
    ]
    query = sa.select(r.c.account_id, r.c.id).where(sa.or_(*due)).limit(limit)
    return [(account_id, id_) for account_id, id_ in connection.execute(query)]


def _overdue_reservations(
    connection: Connection, system: System, limit: int
) -> list[tuple[UUID, UUID | None]]:
    s, now = t.signatures, system.clock.now(connection)
    query = (
        sa.select(s.c.account_id, s.c.release_id)
        .where(s.c.state == SignatureState.RESERVED, s.c.lapses_at <= now)
        .limit(limit)
    )
    return [(account_id, release_id) for account_id, release_id in connection.execute(query)]


def _by_account(
    found: Iterable[tuple[UUID, UUID | None]],
) -> list[tuple[UUID, set[UUID]]]:
    accounts: dict[UUID, set[UUID]] = defaultdict(set)
    for account_id, id_ in found:
        ids = accounts[account_id]
        if id_ is not None:
            ids.add(id_)
    return list(accounts.items())
