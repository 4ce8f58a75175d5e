"""WebSockets that are refused, so that their clients learn why."""

from __future__ import annotations

from starlette.websockets import WebSocket

#: The only protocol that is spoken here.
PROTOCOL = "graphql-transport-ws"
#: The protocol's own code for a connection that is not permitted: clients do not try again.
FORBIDDEN = 4403
#: Bytes of a reason at most (RFC 6455, section 5.5).
MAX_REASON_BYTES = 123


def fitting_reason(reason: str) -> str:
    """Return the reason of a close as far as a frame has room for it."""
    return reason.encode("utf-8", "replace")[:MAX_REASON_BYTES].decode("utf-8", "ignore")


async def refuse_socket(socket: WebSocket, reason: str) -> None:
    """Accept a WebSocket only to close it with the reason, in at most 123 bytes.

    A browser tells its page nothing of a handshake that failed, but code and reason of a
    connection that was closed.
    """
    offered = PROTOCOL in socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol=PROTOCOL if offered else None)
    await socket.close(FORBIDDEN, reason)
