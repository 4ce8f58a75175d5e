"""What a command works with inside its transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy import Connection

from engine.model.errors import Code, Refusal, not_found
from engine.model.events import Event, Recorded
from engine.model.facts import AccountSettings, Actor, Release, Team
from engine.model.principal import Principal
from engine.persistence.store import loading
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
    recorded: list[Recorded] = field(default_factory=list)
    #: Set by whoever leaves something to be sent after the commit.
    to_send: bool = False
    #: Releases as they were loaded, and then as they were written.
    kept: dict[UUID, Release] = field(default_factory=dict)
    #: By team; None stands for the whole account.
    _approvers: dict[UUID | None, frozenset[UUID]] = field(default_factory=dict)
    _teams: dict[UUID, Team] = field(default_factory=dict)

    @cached_property
    def policy(self) -> AccountSettings:
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
        if release_id not in self.locked:
            raise not_found("release", "id")
        release = self.get_many([release_id])[release_id]
        self.put(release)
        return release

    def approvers_of(self, team_ids: Collection[UUID | None]) -> dict[UUID | None, frozenset[UUID]]:
        """Eligible approvers; asked only before the account's people change, or after it."""
        if missing := set(team_ids) - self._approvers.keys():
            found = loading.load_approvers_of(self.connection, self.account_id, missing)
            self._approvers |= found
        return {team_id: self._approvers[team_id] for team_id in team_ids}

    def teams_of(self, team_ids: Collection[UUID | None]) -> dict[UUID, Team]:
        """Teams with their members, under the same condition; None is no team."""
        wanted = {team_id for team_id in team_ids if team_id is not None}
        if missing := wanted - self._teams.keys():
            self._teams |= loading.load_teams(self.connection, self.account_id, missing)
        return {team_id: self._teams[team_id] for team_id in wanted & self._teams.keys()}

    def refresh_policy(self) -> None:
        """The account's settings, people or teams were changed: what was known of them is old."""
        self.__dict__.pop("policy", None)
        self._approvers.clear()
        self._teams.clear()

    def put(self, release: Release) -> None:
        """This is how it stands, written or read: whoever writes a release keeps it."""
        self.kept[release.id] = release

    def evict(self, ids: Iterable[UUID]) -> None:
        """These were changed, or their changes were taken back."""
        for release_id in list(ids):
            self.kept.pop(release_id, None)

    def get_many(self, ids: Collection[UUID]) -> dict[UUID, Release]:
        """Releases as this transaction leaves them."""
        kept = {id_: self.kept[id_] for id_ in ids if id_ in self.kept}
        return kept | loading.load_releases(self.connection, set(ids) - kept.keys())

    def record(
        self, event: Event, *, actor: Actor | None = None, effective_at: datetime | None = None
    ) -> None:
        """Say what happened; written to the ledger when the work is done."""
        who = actor if actor is not None else self.actor
        self.recorded.append(Recorded(event, who, effective_at or self.now))
