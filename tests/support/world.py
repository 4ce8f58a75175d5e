"""A small account to test in: people by name, keypairs, a team, and a clock that is set by hand."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from engine.commands.administration.account import UpdateAccount, create_account
from engine.commands.administration.teams import CreateTeam, UpdateTeam
from engine.commands.administration.users import CreateUser, UpdateUser
from engine.commands.command import Command, execute
from engine.commands.keys.create_keypair import CreateKeypair
from engine.commands.releases.decide import Decide
from engine.commands.releases.request_release import RequestRelease
from engine.concurrency.executor import Executor
from engine.model.algorithms import KeypairAlgorithm
from engine.model.errors import Refusal
from engine.model.facts import Release, ReleaseFields
from engine.model.principal import Principal
from engine.model.vocabulary import KeypairCategory, ReleaseType, Verdict
from engine.persistence.db.database import Database
from engine.persistence.store import loading
from engine.persistence.store import tables as t
from engine.refusal_throttle import RefusalThrottle
from engine.signers.base import SignerContext
from engine.signers.keyring import Keyring
from engine.signers.local import LocalSigner
from engine.signing.request import Outcome, SignRequest
from engine.system import System
from tests.support.sign_now import sign

NOON = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)
DIGEST = bytes(range(32))


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.instant = now

    def now(self, connection: Connection, reading: datetime | None = None) -> datetime:
        return self.instant

    def pass_(self, **time: float) -> None:
        """Move on: `pass_(minutes=5)`."""
        self.instant += timedelta(**time)


@dataclass
class World:
    """An account with its people, and shorthand for what tests do all the time."""

    system: System
    clock: HandClock
    account_id: UUID
    admin_id: UUID
    people: dict[str, UUID] = field(default_factory=dict)
    things: dict[str, UUID] = field(default_factory=dict)

    @cached_property
    def executor(self) -> Executor:
        """Threads for what is awaited; they begin with the first call and end with the world."""
        return Executor(self.system.database)

    def principal(self, name: str, **more: Any) -> Principal:
        user_id = self.admin_id if name == "admin" else self.people[name]
        return Principal(account_id=self.account_id, user_id=user_id, **more)

    def do(self, name: str, command: Command[Any], **more: Any) -> Any:
        """Run a command as somebody; a refusal is raised."""
        return execute(self.system, self.principal(name, **more), command)

    def refused(self, name: str, command: Command[Any], **more: Any) -> Refusal:
        """Run a command that must be refused; answers the refusal."""
        try:
            self.do(name, command, **more)
        except Refusal as refusal:
            return refusal
        raise AssertionError(f"{command} was not refused")

    def add_user(self, name: str, *roles: str, **more: Any) -> UUID:
        command = CreateUser(email=f"{name}@example.com", name=name.title(), roles=roles, **more)
        self.people[name] = self.do("admin", command)
        return self.people[name]

    def add_keypair(
        self, alias: str, type_: ReleaseType = ReleaseType.OFFLINE, **more: Any
    ) -> UUID:
        more.setdefault("algorithm", KeypairAlgorithm.ED25519)
        command = CreateKeypair(alias=alias, type=type_, **more)
        self.things[alias] = self.do("admin", command)
        return self.things[alias]

    def add_team(self, name: str, members: list[str], keypairs: list[str], quorum: int) -> UUID:
        self.things[name] = self.do(
            "admin",
            CreateTeam(
                name=name,
                member_ids=frozenset(self.people[m] for m in members),
                keypair_ids=frozenset(self.things[k] for k in keypairs),
                required_approvals=quorum,
            ),
        )
        return self.things[name]

    def set_team(
        self, name: str, members: list[str] | None = None, keypairs: list[str] | None = None
    ) -> None:
        """Give a team exactly these members or keypairs."""
        people = None if members is None else frozenset(self.people[m] for m in members)
        keys = None if keypairs is None else frozenset(self.things[k] for k in keypairs)
        command = UpdateTeam(team_id=self.things[name], member_ids=people, keypair_ids=keys)
        self.do("admin", command)

    def add_third_approver(self) -> None:
        """cid, who leads as ann and bob do, joins team `blue`."""
        self.add_user("cid", "LEAD")
        self.set_team("blue", members=["ann", "bob", "cid", "dev"])

    def leave_and_return(self, name: str) -> None:
        """Somebody is deactivated, and active again a minute later."""
        self.do("admin", UpdateUser(user_id=self.people[name], active=False))
        self.clock.pass_(minutes=1)
        self.do("admin", UpdateUser(user_id=self.people[name], active=True))

    def settings(self, **values: Any) -> None:
        self.do("admin", UpdateAccount(account_id=self.account_id, settings=values))

    def fields(self, **changes: Any) -> ReleaseFields:
        """An offline release of the team `blue` with the keypair `vault`, an hour from now."""
        teams = bool(changes.pop("teams", True))
        values: dict[str, Any] = {
            "name": "Falcon 1.0",
            "version": "1.0",
            "note": None,
            "category": KeypairCategory.STANDARD,
            "type": ReleaseType.OFFLINE,
            "team_id": self.things.get("blue") if teams else None,
            "participant_ids": frozenset() if teams else frozenset({self.people["dev"]}),
            "with_default_certificate": False,
            "keypair_ids": frozenset({self.things["vault"]}),
            "starts_at": self.clock.instant + timedelta(hours=1),
            "ends_at": self.clock.instant + timedelta(hours=3),
            "max_signatures": 5,
        }
        return ReleaseFields(**(values | changes))

    def request(self, who: str = "dev", /, *, as_approved: bool = False, **changes: Any) -> UUID:
        """Request a release like `fields(...)`; answers its id."""
        command = RequestRelease(fields=self.fields(**changes), as_approved=as_approved)
        release_id: UUID = self.do(who, command)
        return release_id

    def decide(
        self, name: str, release_id: UUID, verdict: Verdict = Verdict.APPROVE, **more: Any
    ) -> None:
        """Approve or reject the revision as it stands."""
        more.setdefault("revision", self.release(release_id).revision)
        more.setdefault("comment", "No." if verdict is Verdict.REJECT else None)
        self.do(name, Decide(release_id=release_id, verdict=verdict, **more))

    def approved(self, **changes: Any) -> UUID:
        """A release requested by dev and approved by ann and bob."""
        release_id = self.request(**changes)
        self.decide("ann", release_id)
        self.decide("bob", release_id)
        return release_id

    def sign(self, name: str, alias: str = "vault", number: int = 1, **more: Any) -> list[Outcome]:
        values = {"keypair_id": self.things[alias], "digest": DIGEST} | more
        request = SignRequest(**values)
        return sign(self.system, self.principal(name), self.things[alias], [request] * number)

    def release(self, release_id: UUID) -> Release:
        """As stored."""
        with self.system.database.reading() as connection:
            return loading.load_releases(connection, [release_id])[release_id]

    def ledger(self, **where: Any) -> list[Row[Any]]:
        """The account's entries, oldest first."""
        entries = t.ledger_entries
        query = sa.select(entries).where(entries.c.account_id == self.account_id)
        for name, value in where.items():
            query = query.where(entries.c[name] == value)
        with self.system.database.reading() as connection:
            return list(connection.execute(query.order_by(entries.c.position)))

    def snapshot(self, *, without: Collection[str] = ()) -> dict[str, Any]:
        """Every row of every table but the ledger: to show that nothing changed.

        `without`: names of columns that may change.
        """
        with self.system.database.reading() as connection:
            return {
                table.name: sorted(
                    map(repr, connection.execute(sa.select(*_others(table.c, without))))
                )
                for table in t.metadata.sorted_tables
                if not table.name.startswith("ledger_")
            }


def _others(columns: Iterable[sa.Column[Any]], without: Collection[str]) -> list[sa.Column[Any]]:
    return [column for column in columns if column.name not in without]


def world_on(database: Database, settled: World) -> World:
    """The same account in a copy of its database, at the same instant."""
    clock = HandClock()
    system = replace(
        settled.system,
        database=database,
        clock=clock,
        # A test may make its signers slow, or add one.
        signers={name: copy(signer) for name, signer in settled.system.signers.items()},
        refusal_throttle=RefusalThrottle(),
    )
    return replace(
        settled,
        system=system,
        clock=clock,
        people=dict(settled.people),
        things=dict(settled.things),
    )


def make_world(
    database: Database, *, account: str = "Acme", master_key: bytes | None = None, **parts: Any
) -> World:
    """Teams on; team `blue`: ann and bob approve (quorum 2), dev requests and signs; `vault`."""
    clock = HandClock()
    keyring = Keyring([master_key or os.urandom(32)])
    signers = {"local": LocalSigner(SignerContext(keyring, {}))}
    system = System(database=database, clock=clock, signers=signers, **parts)
    created = create_account(system, account, "admin@example.com")
    world = World(system, clock, created.account_id, created.user_id)
    world.add_user("ann", "LEAD")
    world.add_user("bob", "LEAD")
    world.add_user("dev", "DEVELOPER")
    world.add_user("eve", "DEVELOPER")
    world.add_keypair("vault")
    world.add_keypair("spare")
    world.add_team("blue", ["ann", "bob", "dev"], ["vault", "spare"], 2)
    return world
