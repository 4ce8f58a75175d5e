"""A client's WebSocket: a fault of one operation ends no other, and no message is a bug."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from api.graphql.context import Context
from api.graphql.errors import to_graphql_error
from api.graphql.http.operation import read_operation
from api.graphql.masking import masked
from api.graphql.strawberry_compat import (
    ASGIWebSocketAdapter,
    BaseGraphQLTransportWSHandler,
    ErrorMessage,
    Message,
    Operation,
    SubscribeMessage,
    is_closed_here,
)
from api.web.http.refusals import RefusedError
from api.web.http.websockets import fitting_reason
from engine.model.errors import Refusal


class SocketAdapter(ASGIWebSocketAdapter):
    """Strawberry's view of a WebSocket, which closes with what the client sent in the reason."""

    async def close(self, code: int, reason: str) -> None:
        """Close the connection; what is too long for a frame is cut off."""
        await super().close(code, fitting_reason(reason))


class Socket(BaseGraphQLTransportWSHandler[Context, None]):
    """Strawberry's handler, with every message and every caller checked."""

    async def handle_message(self, message: Message) -> None:
        """Handle a message; one that is not of the protocol ends the connection."""
        value: Any = message  # whatever JSON the client sent, or why it was not read
        if isinstance(value, RefusedError):
            await self.handle_invalid_message(value.reason)
        elif isinstance(value, dict) and isinstance(value.get("id", ""), str):
            await super().handle_message(message)
        else:
            await self.handle_invalid_message("This is no message of graphql-transport-ws")

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Start an operation; a malformed one is refused under its id."""
        if self.connection_acknowledged and message["id"] not in self.operations:
            try:
                read_operation(message["payload"], "http")
            except RefusedError as refused:
                error = ErrorMessage(id=message["id"], type="error", payload=[refused.formatted])
                await self.send_message(error)
                return
        await super().handle_subscribe(message)

    async def send_message(self, message: Message) -> None:
        """Send a message, unless the server has closed the connection.

        Until the client hears of that it may ask on, such as by a ping.
        """
        if not is_closed_here(self):
            await super().send_message(message)

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Run an operation after its caller was looked up, as for a request over HTTP."""
        try:
            await self.context.authenticate()
        except Exception as error:  # noqa: BLE001 - the last place where a bug can be masked
            await operation.send_initial_errors([_graphql_error(error)])
            return
        await super().run_operation(operation)


def _graphql_error(error: Exception) -> GraphQLError:
    return to_graphql_error(error) if isinstance(error, Refusal) else masked(error)
