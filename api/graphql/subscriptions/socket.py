"""A client's WebSocket: a fault of one operation ends no other, and no message is a bug."""

from __future__ import annotations

from typing import Any

from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ErrorMessage,
    Message,
    SubscribeMessage,
)

from api.graphql.context import Context
from api.graphql.http.operation import read_operation
from api.graphql.http.refused import RefusedError


class Socket(BaseGraphQLTransportWSHandler[Context, None]):
    """Strawberry's, which takes messages for what they ought to be."""

    async def handle_message(self, message: Message) -> None:
        """What is no message of the protocol ends the connection, as the protocol has it."""
        told: Any = message  # whatever JSON the client sent
        if isinstance(told, dict) and isinstance(told.get("id", ""), str):
            await super().handle_message(message)
        else:
            await self.handle_invalid_message("This is no message of graphql-transport-ws")

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """What is no operation is refused under its id."""
        if self.connection_acknowledged and message["id"] not in self.operations:
            try:
                read_operation(message["payload"], "http")
            except RefusedError as refused:
                error = ErrorMessage(id=message["id"], type="error", payload=[refused.told])
                await self.send_message(error)
                return
        await super().handle_subscribe(message)
