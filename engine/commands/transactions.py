"""The one place that commits: state, ledger and messages are stored together or not at all.

The steps of a command: take its locks; advance the locked releases to now; set a savepoint; apply
the command; approve the requests whose quorum it completed; advance again; append to the ledger;
call the event handlers; commit. A refusal rolls back to the savepoint and leaves one ledger entry;
any other exception rolls back everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from engine.commands.advance import advance, advance_again
from engine.commands.reassess import reassess
from engine.logs.exceptions import log_origin
from engine.model.errors import UNRECORDED, Refusal
from engine.model.events import AttemptRefused
from engine.model.principal import Principal
from engine.persistence.db.database import Database
from engine.persistence.db.savepoint import Savepoint
from engine.persistence.store import ledger, loading, locks
from engine.persistence.store.holders import refusal_of_conflict
from engine.persistence.store.locks import Lock
from engine.persistence.store.unit_of_work import UnitOfWork
from engine.system import System

log = structlog.get_logger("countersign.transactions")

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What the ledger says of a command that was refused."""

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
    """Run the body as one command.

    Raises:
        Refusal: What the body raised, once the entry that it leaves in the ledger is committed.
    """
    with transaction(system, principal.account_id, principal, lock) as uow:
        refusal = None
        savepoint = Savepoint(uow.connection)  # ends with the transaction
        recorded_before = len(uow.recorded)
        try:
            yield uow
            reassess(uow)
            advance_again(uow)
        except (Refusal, IntegrityError) as error:
            savepoint.roll_back()
            uow.evict(uow.locked)
            refusal = error if isinstance(error, Refusal) else refusal_of_conflict(uow, error)
            del uow.recorded[recorded_before:]
            uow.evict(uow.locked)
            _record_refusal(uow, attempt, refusal)
    if refusal is not None:
        raise refusal


@contextmanager
def transaction(
    system: System, account_id: UUID, principal: Principal | None, lock: Lock
) -> Iterator[UnitOfWork]:
    """Take locks and advance releases on entry; write the ledger, call handlers and commit on exit.

    Args:
        system: The engine.
        account_id: The account whose ledger is written.
        principal: Who acts; None: time, or an operator.
        lock: What nobody else may change meanwhile.
    """
    with system.database.writing() as connection:
        standing = locks.acquire(connection, account_id, lock)
        head, caller, reading = None, None, None
        if lock.ledger_head:
            head, reading = ledger.lock_head(connection, account_id)
        if principal is not None:
            caller = loading.load_caller(connection, principal)
            reading = caller.clock_reading
        now = system.clock.now(connection, reading)
        held = frozenset(row.id for row in standing)
        uow = UnitOfWork(
            system, connection, account_id, principal, now, held, head, standing, caller=caller
        )
        advance(uow, standing)
        yield uow
        entries = ledger.append(connection, account_id, uow.recorded, uow.now, head)
        if head is not None and entries:
            uow.ledger_head = entries[-1].head
        for handle in system.event_handlers:
            handle(uow, entries)
        connection.commit()
    if entries:
        _call(system.event_listeners, account_id, entries)
    notify_committed(system, account_id, recorded=bool(entries), queued=uow.has_messages_to_send)


def notify_committed(
    system: System, account_id: UUID, *, recorded: bool = True, queued: bool = True
) -> None:
    """Wake whoever waits for entries of the ledger, and whoever sends what was queued."""
    if recorded:
        _call(system.commit_hooks, account_id)
    if queued:
        _call(system.delivery_hooks, account_id)


def _call(hooks: Sequence[Callable[..., None]], account_id: UUID, *more: object) -> None:
    for hook in hooks:
        try:
            hook(account_id, *more)
        except Exception as error:  # noqa: BLE001 - whoever it wakes also polls
            # What was committed is done: an error here would say otherwise, and it were done twice.
            log_origin(log, "commit_hook_failed", error, account_id=str(account_id))


def bare_transaction(database: Database, change: Callable[[Connection], Answer]) -> Answer:
    """Commit a change that no ledger records: the use of credentials, housekeeping."""
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
