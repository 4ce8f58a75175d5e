"""What a command works with inside its transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy import Connection

from engine.errors import Code, Refusal, not_found
from engine.events import Event, Recorded
from engine.facts import Actor, Policy, Release
from engine.persistence import loading
from engine.principal import Principal
from engine.system import System


@dataclass
class Work:
    """One transaction: its connection, its instant, who acts, and what happened so far."""

    system: System
    connection: Connection
    account_id: UUID
    #: None where time acts, not a person.
    principal: Principal | None
    #: The instant of the decision, read after every lock was held.
    now: datetime
    #: The releases locked, and advanced to what is true now.
    held: frozenset[UUID] = frozenset()
    recorded: list[Recorded] = field(default_factory=list)

    @cached_property
    def policy(self) -> Policy:
        """The account's settings."""
        return loading.load_policy(self.connection, self.account_id)

    @cached_property
    def actor(self) -> Actor:
        """Who acts, with the permissions held at this moment."""
        assert self.principal is not None, "time has no permissions"
        actor = loading.load_actor(self.connection, self.principal)
        if not actor.active:
            raise Refusal(Code.UNAUTHENTICATED, "This user is deactivated. Ask an administrator.")
        return actor

    def release(self, release_id: UUID) -> Release:
        """A locked release of the account, as it stands; refuses NOT_FOUND."""
        if release_id not in self.held:
            raise not_found("release", "id")
        return loading.load_releases(self.connection, [release_id])[release_id]

    def record(
        self, event: Event, *, actor: Actor | None = None, effective_at: datetime | None = None
    ) -> None:
        """Say what happened; written to the ledger when the work is done."""
        who = actor if actor is not None else self.actor
        self.recorded.append(Recorded(event, who, effective_at or self.now))
