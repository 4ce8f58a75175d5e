"""The floor of a signature over HTTP: Strawberry's own ASGI application, which answers a constant.

Documents are remembered as in Countersign, JSON is by orjson. It asks nobody who they are, decides
nothing and signs nothing. Run by `uvicorn benchmarks.peers.bare_sign:app`.
"""

from __future__ import annotations

import orjson
import strawberry
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

VALUE = "x" * 96


@strawberry.input
class SignInput:
    keypair_id: strawberry.ID
    digest: str


@strawberry.type
class Signature:
    id: strawberry.ID
    value: str


@strawberry.type
class UserError:
    code: str


@strawberry.type
class SignPayload:
    signature: Signature | None
    errors: list[UserError]


@strawberry.type
class Query:
    answers: int = 0


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def sign(self, input: SignInput) -> SignPayload:  # noqa: A002 - as Countersign names it
        signature = Signature(id=strawberry.ID(input.keypair_id), value=VALUE)
        return SignPayload(signature=signature, errors=[])


class Floor(GraphQL[None, None]):
    """With the same JSON as Countersign's."""

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


schema = strawberry.Schema(Query, Mutation, extensions=[ParserCache(), ValidationCache()])
app = Floor(schema, graphql_ide=None)
