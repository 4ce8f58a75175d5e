"""An account with years of releases behind it, and what is asked of it most."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.graphql.ids import to_global
from benchmarks import crowd
from benchmarks.asking import Question
from benchmarks.people import approve, new_account, token_of
from benchmarks.servers import MASTER_KEY
from engine.commands.advance_due import advance_due
from engine.keyring import Keyring
from engine.signers.base import SignerContext
from engine.signers.local import LocalSigner
from tests.support.world import World

SIGNATURES = 10
#: Open work does not grow with the years.
WAITING = 20
LIST = "releases(first: 50) { edges { node { id name status startsAt team { id name } } } }"
DETAIL = """release(id: "%s") { name status keypairs { alias } requestedBy { name }
  approval { required decisions { verdict approver { name } } }
  availableActions { action allowed }
  signatures(first: 10) { totalCount edges { node { id digest } } }
  history(first: 20) { edges { node { tag actorName } } } }"""
INBOX = "approvalInbox(first: 20) { totalCount edges { node { id name startsAt } } }"
LEDGER = "ledger(first: 50) { edges { node { position tag actorName release { name } } } }"
SIGN = """mutation { sign(input: { keypairId: "%s",
  digest: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }) {
  signature { id value } errors { code } } }"""


@dataclass(frozen=True, slots=True)
class History:
    """What the questions name."""

    tokens: dict[str, str]
    keypair_id: UUID
    #: One from the middle of it.
    release_id: UUID


def questions(history: History, url: str) -> dict[str, Question]:
    """By name; each over HTTP, as one of the people."""
    keypair = to_global("Keypair", history.keypair_id)
    release = to_global("Release", history.release_id)
    asked = {
        "sign": ("dev", SIGN % keypair),
        "list": ("dev", f"{{ {LIST} }}"),
        "list of one who sees few": ("eve", f"{{ {LIST} }}"),
        "detail": ("dev", f"{{ {DETAIL % release} }}"),
        "inbox": ("ann", f"{{ {INBOX} }}"),
        "ledger page": ("admin", f"{{ {LEDGER} }}"),
    }
    return {name: Question(url, query, history.tokens[who]) for name, (who, query) in asked.items()}


def write_history(url: str, releases: int) -> History:
    """Completed releases, one every five minutes; a few that wait; one that is open."""
    now = datetime.now(UTC)
    world = new_account(url, now - timedelta(hours=2))
    signers = {"local": LocalSigner(SignerContext(Keyring([MASTER_KEY]), {}))}
    world.system = replace(world.system, signers=signers)
    keypair_id = world.add_keypair("hot")
    world.add_keypair("cold")
    world.set_team("blue", keypairs=["hot", "cold"])
    world.add_team("red", ["ann", "bob", "eve"], ["cold"], quorum=2)
    past = crowd.Crowd(model=_completed(world), number=releases - 1, minutes_apart=-5)
    few = crowd.Crowd(model=_completed(world, "red"), number=WAITING - 1, series=2)
    world.clock.instant = now
    _open(world)
    waiting = crowd.Crowd(
        model=_requested(world, "Waiting"),
        number=WAITING - 1,
        series=3,
        minutes_apart=1,
        own_keypairs=True,
    )
    crowd.insert(url, past, few, waiting)
    tokens = {name: token_of(world, name) for name in ("admin", "ann", "dev", "eve")}
    return History(tokens, keypair_id, crowd.copy_of(past, releases // 2))


def _requested(world: World, name: str, team: str = "blue") -> UUID:
    keypair = frozenset({world.things["cold"]})
    who = "dev" if team == "blue" else "eve"
    return world.request(who, name=name, team_id=world.things[team], keypair_ids=keypair)


def _completed(world: World, team: str = "blue") -> UUID:
    """Approved, opened, signed in, closed; the clock stands at its end."""
    who, alias = ("dev", "hot") if team == "blue" else ("eve", "cold")
    release_id = world.request(
        who,
        name=f"Past of {team}",
        team_id=world.things[team],
        keypair_ids=frozenset({world.things[alias]}),
        starts_at=world.clock.instant + timedelta(minutes=1),
        ends_at=world.clock.instant + timedelta(minutes=30),
        max_signatures=SIGNATURES,
    )
    approve(world, release_id, "ann", "bob")
    world.clock.pass_(minutes=2)
    world.sign(who, alias, SIGNATURES)
    world.clock.pass_(minutes=40)
    advance_due(world.system)
    return release_id


def _open(world: World) -> None:
    release_id = world.request(
        name="Open",
        keypair_ids=frozenset({world.things["hot"]}),
        starts_at=world.clock.instant - timedelta(minutes=1),
        ends_at=world.clock.instant + timedelta(days=30),
        max_signatures=1_000_000_000,
    )
    approve(world, release_id, "ann", "bob")
