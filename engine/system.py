"""What the engine is made of, put together by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from engine.persistence.db.clock import Clock, DatabaseClock
from engine.persistence.db.database import Database
from engine.refusal_throttle import RefusalThrottle
from engine.signers.base import Signer

if TYPE_CHECKING:
    from engine.persistence.store.ledger import LedgerEntry
    from engine.persistence.store.unit_of_work import UnitOfWork

#: Called in the transaction of the change, with its ledger entries: the outbox is one.
EventHandler = Callable[["UnitOfWork", "list[LedgerEntry]"], None]
#: Called after the commit, with the account: wakes whoever waits for that.
CommitHook = Callable[[UUID], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The parts every command works with."""

    database: Database
    signers: Mapping[str, Signer] = field(default_factory=dict)
    clock: Clock = field(default_factory=DatabaseClock)
    event_handlers: tuple[EventHandler, ...] = ()
    commit_hooks: tuple[CommitHook, ...] = ()
    #: Called after a commit that left something to be sent: most leave nothing.
    delivery_hooks: tuple[CommitHook, ...] = ()
    refusal_throttle: RefusalThrottle = field(default_factory=RefusalThrottle)
    #: Seconds after which an unsettled signature is given back.
    reservation_seconds: int = 30
    #: The mail server carries addresses with letters beyond ASCII before the @ (SMTPUTF8).
    international_addresses: bool = False
