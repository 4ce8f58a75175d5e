"""THE commit: state, ledger and messages land together or not at all.

Lock, advance what time has made due (kept), savepoint, command, approve the requests whose quorum
it completed, advance again, ledger, listeners, commit. A refusal rolls back to the savepoint and
leaves one ledger entry; a bug rolls back all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from engine.commands.advance import advance, advance_again
from engine.commands.reassess import reassess
from engine.model.errors import UNRECORDED, Refusal
from engine.model.events import AttemptRefused
from engine.model.principal import Principal
from engine.persistence.db.database import Database
from engine.persistence.store import ledger, locks
from engine.persistence.store.holders import refusal_of_conflict
from engine.persistence.store.locks import Lock
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.system import CommitHook, System

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What is being tried, for the ledger entry of a refusal."""

    command: str
    subject_kind: str = "Account"
    subject_id: UUID | None = None
    details: dict[str, Any] = field(default_factory=dict)


@contextmanager
def unit_of_work(
    system: System,
    principal: Principal,
    attempt: Attempt,
    lock: Lock = Lock(),  # noqa: B008 - frozen
) -> Iterator[UnitOfWork]:
    """One command, decided and applied. Raises its `Refusal` after what it leaves is committed."""
    with transaction(system, principal.account_id, principal, lock) as uow:
        refusal = None
        savepoint = uow.connection.begin_nested()
        kept = len(uow.recorded)
        try:
            yield uow
            reassess(uow)
            advance_again(uow)
            savepoint.commit()
        except (Refusal, IntegrityError) as error:
            savepoint.rollback()
            uow.evict(uow.locked)
            refusal = error if isinstance(error, Refusal) else refusal_of_conflict(uow, error)
            del uow.recorded[kept:]
            uow.evict(uow.locked)
            _record_refusal(uow, attempt, refusal)
    if refusal is not None:
        raise refusal


@contextmanager
def transaction(
    system: System, account_id: UUID, principal: Principal | None, lock: Lock
) -> Iterator[UnitOfWork]:
    """Locks taken and time applied on the way in; ledger, listeners and commit on the way out."""
    with system.database.writing() as connection:
        standing = locks.take(connection, account_id, lock)
        now = system.clock.now(connection)
        held = frozenset(row.id for row in standing)
        uow = UnitOfWork(system, connection, account_id, principal, now, held)
        advance(uow, standing)
        yield uow
        entries = ledger.append(connection, account_id, uow.recorded, uow.now)
        for listener in system.event_handlers:
            listener(uow, entries)
        connection.commit()
    if entries:
        _wake(system.commit_hooks, account_id)
    if uow.to_send:
        _wake(system.delivery_hooks, account_id)


def _wake(concerned: Sequence[CommitHook], account_id: UUID) -> None:
    for wake in concerned:
        wake(account_id)


def bare_transaction(database: Database, change: Callable[[Connection], Answer]) -> Answer:
    """A change that is nobody's deed and has no ledger: sessions, link use, housekeeping."""
    with database.writing() as connection:
        result = change(connection)
        connection.commit()
    return result


def _record_refusal(uow: UnitOfWork, attempt: Attempt, refusal: Refusal) -> None:
    if refusal.code in UNRECORDED:
        return
    actor = uow.actor
    assert actor.user_id is not None
    if not uow.system.refusal_throttle.admits(actor.user_id, uow.now):
        return
    is_release = attempt.subject_kind == "Release"
    uow.record(
        AttemptRefused(
            subject_id=attempt.subject_id or uow.account_id,
            release_id=attempt.subject_id if is_release else None,
            reason=refusal.message,
            command=attempt.command,
            code=refusal.code,
            subject_kind=attempt.subject_kind,
            details_of_attempt=attempt.details,
        )
    )
