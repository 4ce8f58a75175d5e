"""An account with releases that are open for a long time, to sign in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from benchmarks.data.people import token_of
from benchmarks.environment.servers import MASTER_KEY
from engine.commands.maintenance.advance_due import advance_due
from engine.model.algorithms import KeypairAlgorithm
from engine.model.principal import Principal
from engine.model.vocabulary import ReleaseType
from engine.persistence.db.clock import DatabaseClock
from engine.persistence.db.database import Database
from engine.persistence.store.migrate import migrate
from engine.signing.request import Made
from tests.support.world import make_world


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs, with which keypairs, each in an open release of its own."""

    principal: Principal
    #: An API token of the same user.
    token: str
    keypair_ids: list[UUID]
    release_ids: list[UUID]

    @property
    def hot(self) -> Signing:
        """The first of the releases alone."""
        return replace(self, keypair_ids=self.keypair_ids[:1], release_ids=self.release_ids[:1])


def signing_world(url: str, algorithm: KeypairAlgorithm, releases: int = 1) -> Signing:
    """Make an account in an empty database, for servers with the usual master key.

    It has signed once in its first release: floors take that signature as their model.
    """
    database = Database(url)
    migrate(database)
    signing = signing_account(database, algorithm, releases=releases)
    database.dispose()
    return signing


def signing_account(
    database: Database, algorithm: KeypairAlgorithm, *, name: str = "Acme", releases: int = 1
) -> Signing:
    """Make one more account whose releases are open for a long time."""
    world = make_world(database, account=name, master_key=MASTER_KEY)
    world.clock.instant = datetime.now(UTC) - timedelta(hours=1)
    aliases = [f"key {number}" for number in range(releases)]
    for alias in aliases:
        world.add_keypair(alias, ReleaseType.OFFLINE, algorithm=algorithm)
    world.set_team("blue", keypairs=aliases)
    release_ids = [
        world.approved(
            name=f"Release of {alias}",
            keypair_ids=frozenset({world.things[alias]}),
            starts_at=world.clock.instant + timedelta(minutes=1),
            ends_at=world.clock.instant + timedelta(days=30),
            max_signatures=1_000_000_000,
        )
        for alias in aliases
    ]
    world.system = replace(world.system, clock=DatabaseClock())
    while advance_due(world.system):
        pass
    (outcome,) = world.sign("dev", aliases[0])
    assert isinstance(outcome, Made), outcome
    keypair_ids = [world.things[alias] for alias in aliases]
    return Signing(world.principal("dev"), token_of(world, "dev"), keypair_ids, release_ids)
