"""Advance releases that are due and that nobody uses, and end what was begun with a key.

A server that ended meanwhile leaves reserved signatures, which are given back, and uses of keys for
certificates, which have failed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.commands.transactions import transaction
from engine.logs.log_throttle import LogThrottle
from engine.persistence.db.database import Database
from engine.persistence.store.administration.certifications import fail_overdue
from engine.persistence.store.locks import Lock
from engine.persistence.store.maintenance.due_items import (
    DueItems,
    find_due_releases,
    find_overdue_certifications,
    find_overdue_reservations,
)
from engine.persistence.store.reservation_expiry import release_expired
from engine.persistence.store.retry import is_unavailable
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.system import System

log = structlog.get_logger("countersign.time")

#: Releases advanced in one transaction, so that none holds its locks for long.
RELEASES_PER_RUN = 100


def advance_due(system: System, limit: int = RELEASES_PER_RUN) -> int:
    """Advance up to `limit` releases that are due; returns how many moved.

    Any number of workers may do it at once: what one of them has under way, the others pass by. An
    account that cannot be advanced keeps no other one waiting.
    """
    at_fault: set[UUID] = set()
    while True:
        due, reserved, certifications = _find(system, limit, at_fault)
        faults = len(at_fault)
        moved = _advance_each(system, due, _count_advanced, at_fault)
        moved += _advance_each(system, reserved, release_expired, at_fault)
        moved += _advance_each(system, certifications, fail_overdue, at_fault)
        if moved or len(at_fault) == faults:
            return moved


def _advance_each(
    system: System, due: DueItems, act: Callable[[UnitOfWork], int], at_fault: set[UUID]
) -> int:
    moved = 0
    for account_id, release_ids in _by_account(due).items():
        lock = Lock(releases=frozenset(release_ids), skip_locked=True)
        try:
            with transaction(system, account_id, None, lock) as uow:
                number = act(uow)
        except Exception as error:
            if _is_fault_of_database(error, system.database):
                raise
            at_fault.add(account_id)
            _log_fault(account_id, error)
        else:
            moved += number
    return moved


def _count_advanced(uow: UnitOfWork) -> int:
    """Return how many releases entering the transaction has advanced."""
    return len({recorded.event.subject_id for recorded in uow.recorded})


def _is_fault_of_database(error: Exception, database: Database) -> bool:
    """Return whether the next account would fail as well: the database is away, or locked."""
    if isinstance(error, OperationalError):
        return database.is_sqlite or is_unavailable(error)
    return isinstance(error, PoolTimeout)


def _log_fault(account_id: UUID, error: Exception) -> None:
    """Log it with its traceback, at most once a minute: every run meets it while it lasts."""
    _, suppressed = _faults.admit(account_id)
    if suppressed is not None:
        log.error(
            "account_not_advanced",
            account=str(account_id),
            suppressed=suppressed,
            exc_info=error,
        )


_faults = LogThrottle(quiet=60.0, kinds=1000)


def _find(
    system: System, limit: int, excluded: Collection[UUID]
) -> tuple[DueItems, DueItems, DueItems]:
    """Return what is due; on PostgreSQL without what another worker has locked."""
    database = system.database
    with database.reading() if database.is_sqlite else database.writing() as connection:
        now = system.clock.now(connection)
        return (
            find_due_releases(connection, now, limit, excluded),
            find_overdue_reservations(connection, now, limit, excluded),
            find_overdue_certifications(connection, now, limit, excluded),
        )


def _by_account(due: DueItems) -> Mapping[UUID, set[UUID]]:
    accounts: dict[UUID, set[UUID]] = defaultdict(set)
    for account_id, id_ in due:
        ids = accounts[account_id]
        if id_ is not None:
            ids.add(id_)
    return accounts
