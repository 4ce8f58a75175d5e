"""An account with years of releases behind it, and what is asked of it most."""

from __future__ import annotations

import json
import os
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from api.graphql.ids import to_global
from benchmarks.clients.graphql_http import RequestTemplate
from benchmarks.data import synthetic_data
from benchmarks.data.people import approve, new_account, token_of
from engine.commands.maintenance.advance_due import advance_due
from engine.model.vocabulary import Status
from engine.persistence.db.pagination import encode
from engine.persistence.store import tables as t
from tests.support.world import World

Item = TypeVar("Item")
SIGNATURES = 10
#: Open work does not grow with the years.
WAITING = 20
#: Each with past releases of its own, and one that is open.
KEYPAIRS = 10
MINUTES_APART = 5
LIST = """query ($after: String) { releases(first: 50, after: $after) {
  edges { cursor node { id name status startsAt team { id name } } } } }"""
DETAIL = """query ($id: ID!) { release(id: $id) { name status keypairs { alias }
  requestedBy { name } approval { required decisions { verdict approver { name } } }
  availableActions { action allowed }
  signatures(first: 10) { totalCount edges { node { id digest } } }
  history(first: 20) { edges { node { tag actorName } } } } }"""
INBOX = """query ($after: String) { approvalInbox(first: 10, after: $after) {
  totalCount edges { cursor node { id name startsAt } } } }"""
LEDGER = """query ($after: String) { ledger(first: 50, after: $after) {
  edges { cursor node { position tag actorName release { name } } } } }"""
SIGN = """mutation ($input: SignInput!) { sign(input: $input) {
  signature { id value } errors { code } } }"""


@dataclass(frozen=True, slots=True)
class History:
    """What the questions name, and what is needed for cursors."""

    tokens: dict[str, str]
    keypair_ids: list[UUID]
    #: Start and id of the releases that have ended, the latest first.
    past: list[tuple[datetime, UUID]]
    #: The same of those that wait, the first to start first.
    waiting: list[tuple[datetime, UUID]]
    entries: int


@dataclass(frozen=True, slots=True)
class HistoryQuestions:
    """Builds the requests over HTTP, each as one of the people."""

    history: History
    url: str

    def by_name(self, shares: Sequence[float]) -> dict[str, list[RequestTemplate]]:
        """Return by name one request for each share of the way from now to the beginning.

        With the same shares every size is asked for the same; deep is the oldest tenth.
        """
        deep = [0.9 + share / 10 for share in shares]
        keypairs = [self._at(share, self.history.keypair_ids) for share in shares]
        details = [to_global("Release", self._at(share, self.history.past)[1]) for share in shares]
        inbox = self._after("ann", INBOX, "approvalInbox", self.history.waiting[:-10])
        releases = self._after("dev", LIST, "releases", self.history.past[:-50])
        few = self._after("eve", LIST, "releases", self.history.past[:-50])
        entries = range(self.history.entries, 50, -1)
        ledger = self._after("admin", LEDGER, "ledger", [(place,) for place in entries])
        return {
            "sign": [self._sign(keypair_id) for keypair_id in keypairs],
            "list": releases(shares),
            "deep list": releases(deep),
            "list of one who sees few": few(shares),
            "detail": [self._ask("dev", DETAIL, {"id": id_}) for id_ in details],
            "inbox": inbox(shares),
            "ledger page": ledger(shares),
            "deep ledger page": ledger(deep),
        }

    def _sign(self, keypair_id: UUID) -> RequestTemplate:
        digest = b64encode(os.urandom(32)).decode()
        variables = {"keypairId": to_global("Keypair", keypair_id), "digest": digest}
        return self._ask("dev", SIGN, {"input": variables})

    def _after(
        self, who: str, query: str, field: str, keys: Sequence[tuple[Any, ...]]
    ) -> Callable[[Sequence[float]], list[RequestTemplate]]:
        """Return what builds the pages after some share of the rows, as if paged that far."""
        first = self._ask(who, query, {}).answer()[field]["edges"][0]["cursor"]
        stamp = json.loads(urlsafe_b64decode(first))[0]

        def pages(shares: Sequence[float]) -> list[RequestTemplate]:
            cursors = [encode(stamp, self._at(share, keys)) for share in shares]
            return [self._ask(who, query, {"after": cursor}) for cursor in cursors]

        return pages

    def _ask(self, who: str, query: str, variables: dict[str, Any]) -> RequestTemplate:
        return RequestTemplate(self.url, query, self.history.tokens[who], variables)

    @staticmethod
    def _at(share: float, items: Sequence[Item]) -> Item:
        return items[int(share * len(items))]


def write_history(url: str, releases: int) -> History:
    """Completed releases, one every five minutes; a few that wait; some that are open."""
    now = datetime.now(UTC)
    world = new_account(url, now - timedelta(hours=KEYPAIRS + 2))
    hot = [f"hot {number}" for number in range(KEYPAIRS)]
    keypair_ids = [world.add_keypair(alias) for alias in hot]
    world.add_keypair("cold")
    world.set_team("blue", keypairs=[*hot, "cold"])
    world.add_team("red", ["ann", "bob", "eve"], ["cold"], quorum=2)
    crowds = [
        synthetic_data.SyntheticData(
            model=_completed(world, alias),
            number=releases // KEYPAIRS - 1,
            series=series,
            minutes_apart=-MINUTES_APART * KEYPAIRS,
        )
        for series, alias in enumerate(hot, 1)
    ]
    # Those of one who sees few lie as far apart as the years are long.
    few = synthetic_data.SyntheticData(
        model=_completed(world, "cold", "red"),
        number=WAITING - 1,
        series=KEYPAIRS + 1,
        minutes_apart=-MINUTES_APART * releases // WAITING,
    )
    world.clock.instant = now
    for alias in hot:
        _open(world, alias)
    waiting = synthetic_data.SyntheticData(
        model=_requested(world, "Waiting"),
        number=WAITING - 1,
        series=KEYPAIRS + 2,
        minutes_apart=1,
        own_keypairs=True,
    )
    synthetic_data.insert(url, *crowds, few, waiting)
    tokens = {name: token_of(world, name) for name in ("admin", "ann", "dev", "eve")}
    return _load_history(world, tokens, keypair_ids)


def _load_history(world: World, tokens: dict[str, str], keypair_ids: list[UUID]) -> History:
    r = t.releases.c

    def of(status: Status, *order: Any) -> list[tuple[datetime, UUID]]:
        query = sa.select(r.starts_at, r.id).where(r.status == status).order_by(*order)
        # A transaction each: PostgreSQL ends one that is idle while so many rows are read.
        with world.system.database.reading() as connection:
            return [(row.starts_at, row.id) for row in connection.execute(query)]

    past = of(Status.COMPLETED, r.starts_at.desc(), r.id.desc())
    waiting = of(Status.PENDING, r.starts_at, r.id)
    with world.system.database.reading() as connection:
        entries = connection.execute(sa.select(t.ledger_heads.c.count)).scalar_one()
    return History(tokens, keypair_ids, past, waiting, entries)


def _requested(world: World, name: str, team: str = "blue") -> UUID:
    keypair = frozenset({world.things["cold"]})
    who = "dev" if team == "blue" else "eve"
    return world.request(who, name=name, team_id=world.things[team], keypair_ids=keypair)


def _completed(world: World, alias: str, team: str = "blue") -> UUID:
    """Approved, opened, signed in, closed; the clock stands at its end."""
    who = "dev" if team == "blue" else "eve"
    release_id = world.request(
        who,
        name=f"Past of {alias}",
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


def _open(world: World, alias: str) -> None:
    release_id = world.request(
        name=f"Open of {alias}",
        keypair_ids=frozenset({world.things[alias]}),
        starts_at=world.clock.instant - timedelta(minutes=1),
        ends_at=world.clock.instant + timedelta(days=30),
        max_signatures=1_000_000_000,
    )
    approve(world, release_id, "ann", "bob")
