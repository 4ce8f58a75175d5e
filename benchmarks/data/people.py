"""The accounts that benchmarks work in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from benchmarks.environment.servers import MASTER_KEY
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.commands.releases.decide import Decide
from engine.model.vocabulary import Permission, Verdict
from engine.persistence.db.database import Database
from engine.persistence.store.migrate import migrate
from notifications.outbox.outbox import Outbox
from tests.support.world import World, make_world

LINK_KEY = bytes(32)


def new_account(url: str, now: datetime) -> World:
    """In a new database: a team of two who approve and one who requests. Mails are queued."""
    database = Database(url)
    migrate(database)
    world = make_world(database, master_key=MASTER_KEY, event_handlers=(Outbox(LINK_KEY),))
    world.clock.instant = now
    return world


def token_of(world: World, name: str) -> str:
    """A new one, good for everything the person may do."""
    command = CreateApiToken(name="bench", scopes=frozenset(Permission))
    secret: str = world.do(name, command).secret
    return secret


def approve(world: World, release_id: UUID, *names: str) -> None:
    """The request as it was made."""
    for name in names:
        decision = Decide(release_id=release_id, verdict=Verdict.APPROVE, revision=1)
        world.do(name, decision)


def approved_in_teams(world: World, teams: int) -> list[UUID]:
    """An approved release in each of so many new teams of three people and a keypair."""
    return [_approved_in(world, number) for number in range(teams)]


def _approved_in(world: World, number: int) -> UUID:
    requester, *approvers = people = [f"{role}{number}" for role in ("dev", "ann", "bob")]
    world.add_user(requester, "DEVELOPER")
    for name in approvers:
        world.add_user(name, "LEAD")
    keypair = world.add_keypair(f"key {number}")
    team = world.add_team(f"team {number}", people, [f"key {number}"], quorum=2)
    name, keypairs = f"Falcon {number}", frozenset({keypair})
    release_id = world.request(requester, name=name, team_id=team, keypair_ids=keypairs)
    approve(world, release_id, *approvers)
    return release_id
