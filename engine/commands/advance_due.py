"""What time has made due on releases nobody touches, and reservations nobody settled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from engine.persistence import tables as t
from engine.persistence.locks import Lock
from engine.persistence.unit_of_work import transaction
from engine.signing.lapse import give_back_lapsed
from engine.system import System

#: Releases advanced in one transaction, so that none holds its locks for long.
BATCH = 100

#: An account, and a release of it; None: signatures of no release.
Found = list[tuple[UUID, UUID | None]]

# Statements of the hot path are built once: to build one costs more than to run it.
_R, _S = t.releases, t.signatures
_NOW: sa.BindParameter[datetime] = sa.bindparam("now")
_LIMIT: sa.BindParameter[int] = sa.bindparam("limit")
#: Either half has an index of its own.
DUE_RELEASES = (
    sa.select(_R.c.account_id, _R.c.id)
    .where(
        sa.or_(
            sa.and_(t.IS_DUE_TO_OPEN, _R.c.starts_at <= _NOW),
            sa.and_(t.IS_DUE_TO_END, _R.c.ends_at <= _NOW),
        )
    )
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
OVERDUE_RESERVATIONS = (
    sa.select(_S.c.account_id, _S.c.release_id)
    .where(t.IS_RESERVED, _S.c.lapses_at <= _NOW)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)


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
        asked = {"now": system.clock.now(connection), "limit": limit}
        due = connection.execute(DUE_RELEASES, asked).all()
        overdue = connection.execute(OVERDUE_RESERVATIONS, asked).all()
    return [(row[0], row[1]) for row in due], [(row[0], row[1]) for row in overdue]


def _by_account(found: Found) -> Iterable[tuple[UUID, set[UUID]]]:
    accounts: dict[UUID, set[UUID]] = defaultdict(set)
    for account_id, id_ in found:
        ids = accounts[account_id]
        if id_ is not None:
            ids.add(id_)
    return accounts.items()
