"""The parts that the engine is built of; whoever starts a process puts them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from engine.persistence.db.clock import Clock, DatabaseClock
from engine.persistence.db.database import Database
from engine.refusal_throttle import RefusalThrottle
from engine.signers.base import Signer

if TYPE_CHECKING:
    from engine.persistence.store.ledger import LedgerEntry
    from engine.persistence.store.unit_of_work import UnitOfWork


class EventHandler(Protocol):
    """Acts on the ledger entries of a change, in its transaction: the outbox is one."""

    def __call__(self, uow: UnitOfWork, entries: list[LedgerEntry], /) -> None:
        """Write what follows from the entries; an exception takes the whole change back.

        Args:
            uow: The unit of work, whose locks are still held.
            entries: What it has just written to the ledger; none where nothing happened.
        """


class CommitHook(Protocol):
    """Notifies those who wait for a commit."""

    def __call__(self, account_id: UUID, /) -> None:
        """Return at once: it runs on the thread that committed. An exception is only logged.

        Args:
            account_id: The account of the change.
        """


class EventListener(Protocol):
    """Learns what a commit has added to a ledger."""

    def __call__(self, account_id: UUID, entries: Sequence[LedgerEntry], /) -> None:
        """Return at once: it runs on the thread that committed. An exception is only logged.

        Args:
            account_id: The account of the change.
            entries: Its new entries, at least one.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The parts that every command works with."""

    database: Database
    signers: Mapping[str, Signer] = field(default_factory=dict)
    clock: Clock = field(default_factory=DatabaseClock)
    #: Called in each transaction, before its commit.
    event_handlers: tuple[EventHandler, ...] = ()
    #: Called after each commit of this process that wrote to the ledger, with what it wrote.
    event_listeners: tuple[EventListener, ...] = ()
    #: Called after each commit that wrote to the ledger.
    commit_hooks: tuple[CommitHook, ...] = ()
    #: Called after each commit that queued something to be sent.
    delivery_hooks: tuple[CommitHook, ...] = ()
    refusal_throttle: RefusalThrottle = field(default_factory=RefusalThrottle)
    #: Seconds after which a reserved signature that is not settled is given back to its quota.
    reservation_seconds: int = 30
    #: The mail server carries addresses with letters beyond ASCII before the @ (SMTPUTF8).
    international_addresses: bool = False
