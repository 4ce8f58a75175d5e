"""Limits the connections of a server, and the time in which clients have to send and to read.

uvicorn limits neither: clients that connect and send half a header, or nothing, or do not read
their answer, would be held until no file descriptor is left for anybody else. Its protocols for
HTTP and WebSockets are extended here by a deadline for headers, a limit of their size, a deadline
for reading, and a count of connections for each client.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.web.http.clients import client_network
from api.web.http.connection_limits import ConnectionLimits
from api.web.http.unread import UnreadDeadline

#: Seconds that a connection is kept without a request. Clients (5 s) and reverse proxies (60 s) let
#: go of an idle one earlier: a request that is on its way while the server closes would be lost.
IDLE_CONNECTION_SECONDS = 75
#: Bytes that the headers of one request may have.
HEADER_BYTES = 64 * 1024
#: So many refused connections wait for their clients; any further one is closed at once.
MOST_REFUSED = 16

_TOO_SLOW = "The headers of the request did not arrive in time."
_TOO_LARGE = f"The headers of the request have more than {HEADER_BYTES} bytes."
_REASONS = {
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def limited_protocols(
    limits: ConnectionLimits,
) -> tuple[type[asyncio.Protocol], type[asyncio.Protocol]]:
    """Return uvicorn's protocols for HTTP and WebSockets with limits, for `uvicorn.Config`."""
    http = type("LimitedHttp", (LimitedHttpProtocol,), {"limits": limits})
    socket = type("LimitedWebSocket", (LimitedWebSocketProtocol,), {"limits": limits})
    return http, socket


def _answer(status: int, sentence: str) -> bytes:
    """Return the whole response of a refused connection."""
    body = f"{sentence}\n".encode()
    head = [
        f"HTTP/1.1 {status} {_REASONS[status]}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
        "Retry-After: 2",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


class LimitedHttpProtocol(UnreadDeadline, HttpToolsProtocol):
    """An HTTP connection that is counted, and whose headers and answers have a deadline."""

    limits: ClassVar[ConnectionLimits]

    _network: str | None = None
    _deadline: asyncio.TimerHandle | None = None
    #: Bytes that came since a request began whose headers are not there yet; None: there is none.
    _header_bytes: int | None = None
    #: Closes the refused connection; None: the connection is not refused, or does not wait.
    _closing: asyncio.TimerHandle | None = None
    #: What a refused connection answers as soon as its client has sent something.
    _refusal: bytes = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, or refuse it at once."""
        super().connection_made(transport)
        self.watch_unread(self.limits.unread_seconds)
        network = client_network(self.client[0] if self.client else "")
        fault = self.limits.admit(network)
        if fault is not None:
            self._refusal = _answer(503, fault)
            self._wait_for_client()
            return
        self._network = network
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers, and count the connection down."""
        self.limits.discard_idle(self)
        self._stop_waiting()
        self._release()
        self._close_refused()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read it, unless the connection was refused."""
        self.limits.discard_idle(self)
        if self._closing is not None:
            self._answer_refused()
            return
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn's own type leaves the None out
        if self._deadline is None and (cycle is None or cycle.response_complete):
            # A further request begins, or the rest of a body comes whose answer is given already:
            # neither may take for ever.
            self._expect_headers()
        super().data_received(data)
        if self._header_bytes is not None:
            self._header_bytes += len(data)
            if self._header_bytes > HEADER_BYTES:
                self._refuse(431, _TOO_LARGE)

    def on_message_begin(self) -> None:
        """Start the deadline of the headers: the first byte of a request has arrived."""
        self._header_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End the deadline of the headers; the body has its own."""
        self._header_bytes = None
        self._stop_waiting()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Note that the connection is idle, unless a further request is there already."""
        super().on_response_complete()
        if self._network is not None and self.timeout_keep_alive_task is not None:
            self.limits.add_idle(self, self._network)

    def give_way(self) -> bool:
        """Count the connection down and close it, unless its client has not read the answer.

        It would keep its file descriptor until that, or until the deadline for reading ends it.
        """
        if self.transport.get_write_buffer_size():
            return False
        self._release()
        self.transport.close()
        return True

    def handle_websocket_upgrade(self) -> None:
        """Count the connection down, since the WebSocket counts instead."""
        self._stop_waiting()
        self.stop_watching_unread()
        self._release()
        super().handle_websocket_upgrade()

    def _expect_headers(self) -> None:
        self._deadline = self.loop.call_later(self.limits.header_seconds, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._header_bytes is None:
            # Nobody asked anything: an answer could be taken for the one of the next request.
            self.transport.close()
        else:
            self._refuse(408, _TOO_SLOW)

    def _release(self) -> None:
        if self._network is not None:
            self.limits.release(self._network)
            self._network = None

    def _refuse(self, status: int, sentence: str) -> None:
        """Answer by a sentence, and end the connection."""
        self._stop_waiting()
        if self._closing is not None or self.transport.is_closing():
            return
        self._refusal = _answer(status, sentence)
        self._wait_for_client()
        if self._closing is not None:
            self._answer_refused()

    def _wait_for_client(self) -> None:
        """Keep the refused connection for a while; one too many is answered and closed at once."""
        if self.limits.waiting >= MOST_REFUSED:
            self.transport.write(self._refusal)
            self.transport.close()
            return
        self.limits.waiting += 1
        self._closing = self.loop.call_later(self.limits.refused_seconds, self._close_refused)

    def _answer_refused(self) -> None:
        """Answer once, and say that nothing more comes; what the client still sends is dropped."""
        if self._refusal:
            self.transport.write(self._refusal)
            self._refusal = b""
            if self.transport.can_write_eof():
                self.transport.write_eof()

    def _close_refused(self) -> None:
        """Close the connection if it is a refused one that waited for its client."""
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
            self.limits.waiting -= 1
            self._answer_refused()
            self.transport.close()


class LimitedWebSocketProtocol(UnreadDeadline, WebSocketsSansIOProtocol):
    """A WebSocket that counts as a connection of its client, who has to read what it is sent."""

    limits: ClassVar[ConnectionLimits]

    _network: str | None = None

    def connection_made(self, transport: Any) -> None:
        """Take the place of the HTTP connection that it was, which has given it back just now."""
        super().connection_made(transport)
        self.watch_unread(self.limits.unread_seconds)
        self._network = client_network(self.client[0] if self.client else "")
        self.limits.admit(self._network)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the connection down."""
        if self._network is not None:
            self.limits.release(self._network)
            self._network = None
        super().connection_lost(exc)
