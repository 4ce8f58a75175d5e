"""GraphQL over HTTP and WebSocket."""

from __future__ import annotations

import json
from typing import Any

from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from api.credentials import principal_of
from api.graphql.context import Context
from api.graphql.schema import schema
from api.runtime import Runtime


class Endpoint(GraphQL[Context, None]):
    """Strawberry's view with Countersign's context and manners."""

    def __init__(self, runtime: Runtime, *, ide: bool) -> None:
        super().__init__(schema, graphql_ide="graphiql" if ide else None)
        self._runtime = runtime

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """Who is asking is looked up for every request: a revocation holds at once."""
        return Context(self._runtime, await principal_of(self._runtime, request))

    def decode_json(self, data: str | bytes) -> Any:
        """Whatever is no JSON that can be read is the caller's fault."""
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise HTTPException(400, "The body is not JSON that can be read.") from error
