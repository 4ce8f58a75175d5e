"""The unit of work of a command: its transaction and what it has loaded and recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from engine.model.errors import Code, Refusal, not_found
from engine.model.events import Event, Recorded
from engine.model.facts import AccountSettings, Actor, Release, Team
from engine.model.principal import Principal
from engine.persistence.store import loading
from engine.persistence.store.ledger import Head
from engine.persistence.store.loading import Caller, TeamFacts
from engine.system import System


@dataclass
class UnitOfWork:
    """One transaction: its connection, its instant, who acts, and what happened so far."""

    system: System
    connection: Connection
    account_id: UUID
    #: None where time acts, not a person.
    principal: Principal | None
    #: The instant of the decision, read after every lock was held.
    now: datetime
    #: The releases locked, and advanced to what is true now.
    locked: frozenset[UUID] = frozenset()
    #: Releases made in this transaction: nothing but this transaction refers to them.
    created: frozenset[UUID] = field(default=frozenset(), kw_only=True)
    #: The head of the ledger as it was locked; None: it is locked when entries are appended.
    ledger_head: Head | None = None
    #: Who acts, and the settings that were in force before the command changed them.
    caller: Caller | None = field(default=None, kw_only=True)
    #: Windows, statuses and counts of the locked releases, as they were when they were locked.
    standing: Sequence[Row[Any]] = ()
    recorded: list[Recorded] = field(default_factory=list)
    #: Set when something is to be sent after the commit.
    has_messages_to_send: bool = False
    #: Releases as they were loaded, and then as they were written.
    loaded_releases: dict[UUID, Release] = field(default_factory=dict)
    #: By team; None stands for the whole account.
    _approvers: dict[UUID | None, frozenset[UUID]] = field(default_factory=dict)
    _teams: dict[UUID | None, Team] = field(default_factory=dict)
    _is_account_changed: bool = False

    @property
    def locked_head(self) -> Head:
        """The head of the ledger, which this transaction has locked from its start."""
        assert self.ledger_head is not None, "its `Lock` asks for it"
        return self.ledger_head

    @cached_property
    def settings(self) -> AccountSettings:
        """The account's settings."""
        if self.caller is None or self._is_account_changed:
            return loading.load_settings(self.connection, self.account_id)
        return self.caller.settings

    @property
    def actor(self) -> Actor:
        """Who acts, with the permissions held at this moment."""
        assert self.caller is not None, "time has no permissions"
        actor = self.caller.actor
        if not actor.active:
            raise Refusal(Code.UNAUTHENTICATED, "This user is deactivated. Ask an administrator.")
        return actor

    def release(self, release_id: UUID) -> Release:
        """A locked release of the account, as it stands; refuses NOT_FOUND."""
        if release_id not in self.locked:
            raise not_found("release", "id")
        release = self.get_many([release_id])[release_id]
        self.put(release)
        return release

    def team_facts(self, team_ids: Collection[UUID | None]) -> TeamFacts:
        """Teams and their approvers; to be called before the account's users change, or after."""
        if missing := set(team_ids) - self._approvers.keys():
            loaded = loading.load_team_facts(self.connection, self.account_id, missing)
            self._approvers |= loaded.approvers
            self._teams |= loaded.teams
        return TeamFacts(
            {id_: self._teams[id_] for id_ in team_ids if id_ in self._teams},
            {id_: self._approvers[id_] for id_ in team_ids},
        )

    def evict_account(self) -> None:
        """Forget the settings, approvers and teams, because they were changed."""
        self.__dict__.pop("settings", None)
        self._is_account_changed = True
        self._approvers.clear()
        self._teams.clear()

    def put(self, release: Release) -> None:
        """Remember a release as it was loaded or written; whoever writes one calls this."""
        self.loaded_releases[release.id] = release

    def evict(self, ids: Iterable[UUID]) -> None:
        """Forget releases that were changed in the database, or whose changes were rolled back."""
        for release_id in list(ids):
            self.loaded_releases.pop(release_id, None)

    def get_many(self, ids: Collection[UUID]) -> dict[UUID, Release]:
        """Releases as of this transaction, loaded if they are not remembered."""
        loaded = {id_: self.loaded_releases[id_] for id_ in ids if id_ in self.loaded_releases}
        return loaded | loading.load_releases(self.connection, set(ids) - loaded.keys())

    def record(
        self, event: Event, *, actor: Actor | None = None, effective_at: datetime | None = None
    ) -> None:
        """Record an event, which is written to the ledger at the end of the transaction."""
        who = actor if actor is not None else self.actor
        self.recorded.append(Recorded(event, who, effective_at or self.now))
