"""The floor of a list: Strawberry's own ASGI application, which answers from memory.

As Strawberry's documentation has it: types with resolvers, relations by dataloaders that live as
long as a request, parsed and validated documents remembered, JSON by orjson. It asks nobody who
they are. Run by `uvicorn benchmarks.peers.bare_strawberry:app`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

import orjson
import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

RELEASES = 50
NOON = datetime(2030, 6, 3, 12, tzinfo=UTC)
Item = TypeVar("Item")


@dataclass
class Loaders:
    """Of one request."""

    users: DataLoader[UUID, User]
    teams: DataLoader[UUID, Team]
    keypairs: DataLoader[UUID, list[Keypair]]
    decisions: DataLoader[UUID, list[Decision]]


Info = strawberry.Info[Loaders, None]


@strawberry.enum
class ReleaseStatus(Enum):
    APPROVED = "APPROVED"
    IN_PROGRESS = "IN_PROGRESS"


@strawberry.enum
class ReleaseType(Enum):
    OFFLINE = "OFFLINE"
    ONLINE = "ONLINE"


@strawberry.enum
class KeypairCategory(Enum):
    STANDARD = "STANDARD"
    LEGACY = "LEGACY"


@strawberry.enum
class Verdict(Enum):
    APPROVE = "APPROVE"
    REJECT = "REJECT"


@strawberry.type
class User:
    id: strawberry.ID
    name: str


@strawberry.type
class Team:
    id: strawberry.ID
    name: str


@strawberry.type
class Keypair:
    id: strawberry.ID
    alias: str


@strawberry.type
class Decision:
    verdict: Verdict
    decided_at: datetime
    approver_id: strawberry.Private[UUID]

    @strawberry.field
    async def approver(self, info: Info) -> User:
        return await info.context.users.load(self.approver_id)


@strawberry.type
class Approval:
    required: int
    release_id: strawberry.Private[UUID]

    @strawberry.field
    async def decisions(self, info: Info) -> list[Decision]:
        return await info.context.decisions.load(self.release_id)


@strawberry.type
class Release:
    key: strawberry.Private[UUID]
    team_id: strawberry.Private[UUID]
    id: strawberry.ID
    name: str
    version: str | None
    note: str | None
    category: KeypairCategory
    type: ReleaseType
    status: ReleaseStatus
    starts_at: datetime
    ends_at: datetime
    max_signatures: int
    signatures_used: int
    created_at: datetime

    @strawberry.field
    async def team(self, info: Info) -> Team:
        return await info.context.teams.load(self.team_id)

    @strawberry.field
    async def keypairs(self, info: Info) -> list[Keypair]:
        return await info.context.keypairs.load(self.key)

    @strawberry.field
    def approval(self) -> Approval:
        return Approval(required=2, release_id=self.key)


@strawberry.type
class Edge(Generic[Item]):
    cursor: str
    node: Item


@strawberry.type
class Connection(Generic[Item]):
    edges: list[Edge[Item]]


def _user(name: str) -> User:
    return User(id=strawberry.ID(str(uuid4())), name=name)


PEOPLE = {uuid4(): _user("Ann"), uuid4(): _user("Bob")}
TEAMS = {uuid4(): Team(id=strawberry.ID(str(uuid4())), name="blue")}
KEPT = [
    Release(
        key=uuid4(),
        team_id=next(iter(TEAMS)),
        id=strawberry.ID(str(uuid4())),
        name=f"Falcon 1.{number}",
        version=f"1.{number}",
        note="The one that everybody waits for.",
        category=KeypairCategory.STANDARD,
        type=ReleaseType.OFFLINE,
        status=ReleaseStatus.APPROVED,
        starts_at=NOON + timedelta(hours=number),
        ends_at=NOON + timedelta(hours=number + 2),
        max_signatures=5,
        signatures_used=0,
        created_at=NOON,
    )
    for number in range(RELEASES)
]
KEYPAIRS = {
    release.key: [
        Keypair(id=strawberry.ID(str(uuid4())), alias=f"{kind} {release.name}")
        for kind in ("spare", "vault")
    ]
    for release in KEPT
}
DECISIONS = {
    release.key: [
        Decision(verdict=Verdict.APPROVE, decided_at=NOON, approver_id=id_) for id_ in PEOPLE
    ]
    for release in KEPT
}


def _from(things: dict[UUID, Any]) -> DataLoader[UUID, Any]:
    async def load(keys: list[UUID]) -> Sequence[Any]:
        return [things[key] for key in keys]

    return DataLoader(load_fn=load)


@strawberry.type
class Query:
    @strawberry.field
    async def releases(self, first: int = 20) -> Connection[Release]:
        edges = [Edge(cursor=release.id, node=release) for release in KEPT[:first]]
        return Connection(edges=edges)


class Floor(GraphQL[Loaders, None]):
    """With loaders of each request's own, and the same JSON as Countersign's."""

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Loaders:
        return Loaders(_from(PEOPLE), _from(TEAMS), _from(KEYPAIRS), _from(DECISIONS))

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


schema = strawberry.Schema(Query, extensions=[ParserCache(), ValidationCache()])
app = Floor(schema, graphql_ide=None)
