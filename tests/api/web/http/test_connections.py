"""Half a request holds nothing for long, and no client all connections: over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from api.cli.running import server_config
from api.web.http.connection_limits import ConnectionLimits, connection_limits
from api.web.http.connections import (
    HEADER_BYTES,
    IDLE_CONNECTION_SECONDS,
    MOST_REFUSED,
    LimitedHttpProtocol,
    limited_protocols,
)

HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: "
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

#: More than the buffers of the system take.
LARGE_BYTES = 32 * 1024 * 1024


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def large(_request: Request) -> Response:
    return PlainTextResponse(bytes(LARGE_BYTES))


async def slow(_request: Request) -> Response:
    await asyncio.sleep(1)
    return PlainTextResponse("late")


async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.send_text(await websocket.receive_text())


async def send_much(websocket: WebSocket) -> None:
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.send_bytes(bytes(1_000_000))
            await asyncio.sleep(0)


APP = Starlette(
    routes=[
        Route("/", hello, methods=["GET", "POST"]),
        Route("/large", large),
        Route("/slow", slow),
        WebSocketRoute("/", echo),
        WebSocketRoute("/large", send_much),
    ]
)


@contextmanager
def serving(limits: ConnectionLimits) -> Iterator[uvicorn.Server]:
    """A server under these limits on a port of this machine."""
    config = server_config(APP, "127.0.0.1", 0, trusted_proxies="127.0.0.1", limits=limits)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield server
    finally:
        server.should_exit = True
        thread.join()


def port_of(server: uvicorn.Server) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])


@contextmanager
def served(limits: ConnectionLimits) -> Iterator[int]:
    """The port of such a server."""
    with serving(limits) as server:
        yield port_of(server)


def opened(port: int, data: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(data)
    return client


def rest(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    with contextlib.suppress(ConnectionResetError):
        return b"".join(iter(lambda: client.recv(4096), b""))
    return b""


def ask(client: socket.socket, request: bytes = WHOLE) -> bytes:
    """The answer; its body may come in a packet of its own."""
    client.sendall(request)
    answer = client.recv(4096)
    if answer.endswith(b"\r\n\r\n") and b"content-length: 5" in answer:
        answer += client.recv(4096)
    return answer


def test_half_a_header_ends_and_others_are_served_meanwhile() -> None:
    limits = ConnectionLimits(total=40, per_client=30, header_seconds=1, refused_seconds=0.5)
    with served(limits) as port, ExitStack() as stack:
        halves = [stack.enter_context(opened(port, HALF)) for _ in range(25)]
        with opened(port) as client:
            assert ask(client).endswith(b"hello")
        for half in halves:
            answer = rest(half)
            assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
            assert answer.endswith(b"The headers of the request did not arrive in time.\n")
        await_none(limits)


def test_headers_that_trickle_are_not_waited_for_any_longer() -> None:
    with (
        served(
            ConnectionLimits(total=9, per_client=9, header_seconds=0.3, refused_seconds=1)
        ) as port,
        opened(port, HALF) as client,
        contextlib.suppress(BrokenPipeError, ConnectionResetError),
    ):
        while True:  # ends when the server has closed it
            client.sendall(b"x")
            time.sleep(0.02)


def test_a_connection_that_says_nothing_ends_without_an_answer() -> None:
    with (
        served(ConnectionLimits(total=9, per_client=9, header_seconds=1)) as port,
        opened(port) as client,
    ):
        assert rest(client) == b""


@pytest.mark.parametrize(
    ("trickle", "answer"),
    [(HALF, b"HTTP/1.1 408 "), (b"\r\n", b"")],
    ids=["a second request", "line breaks"],
)
def test_a_further_request_on_the_same_connection_has_the_same_deadline(
    trickle: bytes, answer: bytes
) -> None:
    with (
        served(ConnectionLimits(total=9, per_client=9, header_seconds=1)) as port,
        opened(port) as client,
    ):
        assert ask(client).endswith(b"hello")
        client.sendall(trickle)
        assert rest(client).startswith(answer)


def test_the_rest_of_a_body_that_nobody_reads_does_not_keep_a_connection() -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx"
    with (
        served(ConnectionLimits(total=9, per_client=9, header_seconds=1)) as port,
        opened(port) as client,
    ):
        assert ask(client, request).endswith(b"hello")
        client.sendall(b"x")
        assert rest(client) == b""


def test_a_large_body_after_its_answer_is_no_header() -> None:
    size = 4 * HEADER_BYTES
    request = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
    with (
        served(ConnectionLimits(total=9, per_client=9, header_seconds=5)) as port,
        opened(port) as client,
    ):
        assert ask(client, request).endswith(b"hello")
        client.sendall(b"x" * size)
        assert ask(client).endswith(b"hello")


def test_a_request_that_takes_its_time_is_answered() -> None:
    with (
        served(ConnectionLimits(total=9, per_client=9, header_seconds=0.5)) as port,
        opened(port) as client,
    ):
        assert ask(client, WHOLE.replace(b"/ ", b"/slow ")).endswith(b"late")


def test_headers_without_end_are_refused_by_their_size() -> None:
    with (
        served(ConnectionLimits(total=9, per_client=9, header_seconds=30)) as port,
        opened(port, HALF) as client,
    ):
        with contextlib.suppress(OSError):
            client.sendall(b"x" * (HEADER_BYTES + 1000))
        assert rest(client)[:12] in (b"HTTP/1.1 431", b"")
        with opened(port) as client:
            fits = HALF + b"x" * (HEADER_BYTES - 1000) + b"\r\n\r\n"
            assert ask(client, fits).endswith(b"hello")


def test_one_client_has_so_many_connections_and_websockets_count() -> None:
    limits = ConnectionLimits(total=100, per_client=4, header_seconds=30)
    with served(limits) as port, ExitStack() as stack:
        url = f"ws://127.0.0.1:{port}/"
        sockets = [stack.enter_context(connect(url, proxy=None)) for _ in range(2)]
        for _ in range(2):
            stack.enter_context(opened(port, HALF))
        await_held(limits, 4)
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                answer = rest(stack.enter_context(opened(port, WHOLE)))
                assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
                assert b"too many connections from your address" in answer
            with pytest.raises(InvalidStatus):
                stack.enter_context(connect(url, proxy=None))
        assert [line["event"] for line in logs] == ["connection_refused"]

        sockets[0].send("still here")
        assert sockets[0].recv() == "still here"
        sockets[1].close()
        await_held(limits, 3)
        with opened(port) as client:
            assert ask(client).endswith(b"hello")
    assert limits.held() == {}


def test_a_refused_client_that_sends_at_once_reads_why() -> None:
    limits = ConnectionLimits(total=100, per_client=1, header_seconds=30)
    with served(limits) as port, opened(port, HALF):
        await_held(limits, 1)
        for _ in range(50):
            with opened(port, WHOLE) as client:
                assert rest(client).startswith(b"HTTP/1.1 503 ")
        await_waiting(limits, 0)


def test_few_refused_connections_wait_for_their_clients() -> None:
    limits = ConnectionLimits(total=100, per_client=1, header_seconds=30, refused_seconds=1)
    with served(limits) as port, opened(port, HALF), ExitStack() as stack:
        await_held(limits, 1)
        for _ in range(3 * MOST_REFUSED):
            stack.enter_context(opened(port))
        await_waiting(limits, MOST_REFUSED)
        await_waiting(limits, 0)  # after a second, though no client sent anything
        with opened(port) as silent:
            assert rest(silent).startswith(b"HTTP/1.1 503 ")


def test_all_clients_together_have_so_many() -> None:
    limits = ConnectionLimits(total=3, per_client=100, header_seconds=30)
    with served(limits) as port, ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(opened(port, HALF))
        await_held(limits, 3)
        answer = rest(stack.enter_context(opened(port, WHOLE)))
        assert b"503" in answer
        assert b"as many connections as it can hold" in answer
        stack.close()
        await_none(limits)
        with opened(port) as client:
            assert ask(client).endswith(b"hello")


def test_a_client_is_an_address_or_a_network_of_ipv6() -> None:
    limits = ConnectionLimits(total=100, per_client=1, header_seconds=1)
    assert limits.admit("192.0.2.1") is None
    assert limits.admit("192.0.2.1") is not None
    assert limits.admit("192.0.2.2") is None
    limits.release("192.0.2.1")
    assert limits.admit("192.0.2.1") is None
    assert limits.held() == {"192.0.2.1": 1, "192.0.2.2": 1}


def test_the_limits_leave_file_descriptors_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def limits(files: int) -> tuple[int, int]:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
        computed = connection_limits(total=1000, per_client=300, header_seconds=10, pool_size=8)
        return computed.total, computed.per_client

    assert limits(resource.RLIM_INFINITY) == (1000, 300)
    assert limits(65536) == (1000, 300)
    assert limits(1024) == (917, 300)
    assert limits(200) == (93, 69)
    assert limits(10) == (16, 12)


def test_an_idle_connection_outlasts_the_clients_and_proxies_that_keep_it() -> None:
    limits = ConnectionLimits(total=9, per_client=9, header_seconds=5)
    with serving(limits) as server, opened(port_of(server)) as client:
        assert ask(client).endswith(b"hello")
        (connection,) = server.server_state.connections
        assert isinstance(connection, LimitedHttpProtocol)
        deadline = time.monotonic() + 10
        while (timer := connection.timeout_keep_alive_task) is None:
            assert time.monotonic() < deadline  # the server has answered, but not ended its turn
            time.sleep(0.005)
        proxy_keeps_seconds = 60
        assert timer.when() - connection.loop.time() > proxy_keeps_seconds
        assert limits.held() == {"127.0.0.1": 1}


def test_the_longest_idle_connection_gives_way_to_a_new_one_of_the_client() -> None:
    limits = ConnectionLimits(total=9, per_client=3, header_seconds=30)
    with served(limits) as port, ExitStack() as stack:
        first, second, third = (stack.enter_context(opened(port)) for _ in range(3))
        for client in (first, second, third, first):
            assert ask(client).endswith(b"hello")
        with opened(port) as new:
            assert ask(new).endswith(b"hello")
            assert rest(second) == b""
            assert limits.held() == {"127.0.0.1": 3}
            for client in (first, third, new):
                assert ask(client).endswith(b"hello")


def test_a_connection_whose_answer_is_not_read_gives_no_way() -> None:
    limits = ConnectionLimits(total=1, per_client=1, header_seconds=30)
    with served(limits) as port, opened(port, WHOLE.replace(b"/", b"/large", 1)) as client:
        while not limits._idle:
            time.sleep(0.005)
        # It stays open until its client has read, and would be counted no more.
        with opened(port, WHOLE) as new:
            assert rest(new).startswith(b"HTTP/1.1 503 ")
        assert limits.held() == {"127.0.0.1": 1}
        answer = bytearray()
        while len(answer.partition(b"\r\n\r\n")[2]) < LARGE_BYTES:
            answer += client.recv(LARGE_BYTES)
        with opened(port) as new:
            assert ask(new).endswith(b"hello")


class Idle:
    """An idle connection that says when it has to give way."""

    def __init__(self, limits: ConnectionLimits, network: str) -> None:
        assert limits.admit(network) is None
        self.limits, self.network, self.is_open = limits, network, True
        limits.add_idle(self, network)

    def give_way(self) -> bool:
        self.is_open = False
        self.limits.release(self.network)
        return True


def test_one_client_gives_way_to_others_where_all_connections_are_taken() -> None:
    limits = ConnectionLimits(total=3, per_client=2, header_seconds=1)
    first, second, other = (
        Idle(limits, network) for network in ("192.0.2.1", "192.0.2.1", "192.0.2.2")
    )
    assert limits.admit("192.0.2.3") is None
    assert (first.is_open, second.is_open, other.is_open) == (False, True, True)
    # Whoever has as many as one client may have takes none of another's.
    assert limits.admit("192.0.2.3") is None
    assert limits.admit("192.0.2.3") is not None
    assert (second.is_open, other.is_open) == (False, True)
    limits.discard_idle(other)
    assert limits.admit("192.0.2.1") is not None, "nothing is idle any more"
    assert limits.held() == {"192.0.2.2": 1, "192.0.2.3": 2}


def test_an_answer_that_nobody_reads_does_not_keep_a_connection() -> None:
    limits = ConnectionLimits(total=9, per_client=9, header_seconds=30, unread_seconds=0.1)
    closes = WHOLE.replace(b"/ ", b"/large ").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with served(limits) as port, ExitStack() as stack:
        stack.enter_context(opened(port, WHOLE.replace(b"/ ", b"/large ")))
        stack.enter_context(opened(port, closes))
        await_held(limits, 2)
        await_none(limits)


def test_a_websocket_whose_client_does_not_read_is_ended() -> None:
    limits = ConnectionLimits(total=9, per_client=9, header_seconds=30, unread_seconds=0.1)
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = f"Sec-WebSocket-Key: {b64encode(bytes(16)).decode()}\r\n"
    handshake = f"GET /large HTTP/1.1\r\nHost: x\r\n{upgrade}{key}\r\n".encode()
    with served(limits) as port, opened(port, handshake):
        await_held(limits, 1)
        await_none(limits)


def test_a_server_that_stops_waits_for_no_idle_connection() -> None:
    limits = ConnectionLimits(total=9, per_client=9, header_seconds=5)
    with ExitStack() as stack:
        with served(limits) as port:
            client = stack.enter_context(opened(port))
            assert ask(client).endswith(b"hello")
            stops_at = time.monotonic()
        assert time.monotonic() - stops_at < IDLE_CONNECTION_SECONDS
        assert rest(client) == b""
    assert limits.held() == {}


def test_without_limits_uvicorns_own_protocols_serve() -> None:
    http, socket_ = limited_protocols(ConnectionLimits(1, 1, 1))
    config = server_config(APP, "127.0.0.1", 0, trusted_proxies="")
    config.load()
    assert config.http_protocol_class is not http
    assert config.ws_protocol_class is not socket_


def await_none(limits: ConnectionLimits) -> None:
    await_held(limits, 0)


def await_waiting(limits: ConnectionLimits, number: int) -> None:
    deadline = time.monotonic() + 10
    while limits.waiting != number:
        assert time.monotonic() < deadline, limits.waiting
        time.sleep(0.005)


def await_held(limits: ConnectionLimits, number: int) -> None:
    deadline = time.monotonic() + 10
    while sum(limits.held().values()) != number:
        assert time.monotonic() < deadline, limits.held()
        time.sleep(0.005)
