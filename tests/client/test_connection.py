"""What the client makes of a server's answers, and what it sends again."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from typing import Any

import httpx2
import pytest

from countersign.connection import graphql, oauth
from countersign.connection.credentials import Credentials
from countersign.connection.graphql import AsyncConnection, Connection
from countersign.connection.retry import NAME_SECONDS
from countersign.connection.settings import Settings
from countersign.errors import (
    ClientError,
    ExitStatus,
    NotSignedInError,
    RefusedError,
    TransientError,
)
from countersign.operations.operation import Operation

SERVER = "http://127.0.0.1:1"
READ = Operation("query { viewer { permissions } }")
CHANGE = Operation("mutation ($input: X!) { change(input: $input) { errors { code } } }")
CHANGE_ONCE = Operation(CHANGE.text, is_repeatable=False)
Answer = httpx2.Response | Exception


def reply(body: object, status: int = 200, **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json=body, headers=headers)


def error(code: str, status: int = 200, **headers: str) -> httpx2.Response:
    body = {"errors": [{"message": "A sentence.", "extensions": {"code": code}}]}
    return reply(body, status, **headers)


class Server:
    """Answers as it was told beforehand, the last answer for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def delays(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays between attempts, which no test waits for."""
    waited: list[float] = []
    monkeypatch.setattr("countersign.connection.graphql.time.sleep", waited.append)
    return waited


def credentials(secret: str = "csn_token") -> Credentials:
    return Credentials({"COUNTERSIGN_TOKEN": secret}, Settings(server=SERVER))


def connection(server: Server, **more: Any) -> Connection:
    opened = Connection(SERVER, credentials(), **more)
    opened.http = httpx2.Client(base_url=SERVER, transport=httpx2.MockTransport(server))
    return opened


def test_data_are_returned_and_the_secret_is_sent_in_the_header_alone() -> None:
    server = Server(reply({"data": {"viewer": None}}))
    assert connection(server).run(READ) == {"viewer": None}
    (request,) = server.requests
    assert request.headers["Authorization"] == "Bearer csn_token"
    assert b"csn_token" not in request.content
    assert request.url.path == "/graphql"


def test_a_refusal_has_its_code_all_sentences_and_field() -> None:
    errors = [
        {"code": "INVALID_INPUT", "message": "Name it.", "field": ["name"]},
        {"code": "WINDOW_INVALID", "message": "End it.", "field": None},
    ]
    with pytest.raises(RefusedError) as caught:
        connection(Server(reply({"data": {"change": {"errors": errors}}}))).change(CHANGE, {})
    assert str(caught.value) == "INVALID_INPUT: Name it. End it."
    assert caught.value.field == ("name",)
    assert caught.value.exit_status == ExitStatus.FAILED


def test_a_factor_has_an_exit_status_of_its_own() -> None:
    errors = [{"code": "QUOTA_EXHAUSTED", "message": "All are used."}]
    with pytest.raises(RefusedError) as caught:
        connection(Server(reply({"data": {"sign": {"errors": errors}}}))).change(CHANGE, {})
    assert caught.value.exit_status == ExitStatus.REFUSED_BY_FACTOR


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadError("reset"),
        httpx2.ReadTimeout("slow"),
        error("RATE_LIMITED", 429),
        error("ENDING", 503),
        error("TIMED_OUT", 503),
        httpx2.Response(502, text="<html>"),
    ],
    ids=str,
)
def test_what_may_pass_is_sent_again(
    failure: Answer, delays: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(failure, failure, reply({"data": {"viewer": 1}}))
    assert connection(server).run(READ) == {"viewer": 1}
    assert len(server.requests) == 3
    assert delays[0] < delays[1] or len(delays) == 2
    (message,) = caplog.messages  # the first delay alone is told
    assert "Trying again for up to" in message


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (httpx2.ConnectError("refused"), 2),
        (error("RATE_LIMITED", 429), 2),
        (httpx2.ReadError("reset"), 1),
        (error("TIMED_OUT", 503), 1),
    ],
    ids=str,
)
def test_what_must_not_be_done_twice_is_sent_again_only_if_nothing_was_done(
    failure: Answer, attempts: int
) -> None:
    server = Server(failure, reply({"data": {"change": {"errors": []}}}))
    try:
        connection(server).change(CHANGE_ONCE, {})
    except TransientError:
        assert attempts == 1
    assert len(server.requests) == attempts


def caused(message: str, cause: Exception) -> httpx2.ConnectError:
    failure = httpx2.ConnectError(message)
    failure.__cause__ = httpx2.ConnectError(message)
    failure.__cause__.__cause__ = cause
    return failure


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (caused("no name", socket.gaierror(socket.EAI_NONAME, "Name not known")), 1),
        (caused("no trust", ssl.SSLCertVerificationError("self-signed certificate")), 1),
        (httpx2.RemoteProtocolError("illegal status line: bytearray(b'SSH-2.0')"), 1),
        (caused("no answer", socket.gaierror(socket.EAI_AGAIN, "Temporary failure")), 2),
        (caused("ended", ssl.SSLEOFError("EOF occurred in violation of protocol")), 2),
        (httpx2.RemoteProtocolError("Server disconnected without sending a response."), 2),
    ],
    ids=str,
)
def test_what_no_other_attempt_heals_fails_at_once(failure: Answer, attempts: int) -> None:
    server = Server(failure, reply({"data": {"viewer": 1}}))
    says = r"UNREACHABLE: .* Check the server's URL: COUNTERSIGN_URL"
    with pytest.raises(ClientError, match=says) if attempts == 1 else nullcontext():
        connection(server).run(READ)
    assert len(server.requests) == attempts


@contextmanager
def plain_server(answer: bytes) -> Iterator[int]:
    """A service on a loopback port that answers each connection with the same bytes."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("scheme", "answer"),
    [
        ("https", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
        ("http", b"\x15\x03\x03\x00\x02\x02\x46"),  # an alert of TLS
    ],
    ids=["https to a port of http", "http to a port of https"],
)
async def test_a_port_of_something_else_fails_at_once(
    scheme: str, answer: bytes, delays: list[float]
) -> None:
    with plain_server(answer) as port:
        url = f"{scheme}://127.0.0.1:{port}"
        opened = Connection(url, credentials())
        with opened, pytest.raises(ClientError, match=r"UNREACHABLE: .*Check the server's URL"):
            opened.run(READ)
        with pytest.raises(ClientError, match=r"UNREACHABLE: .*Check the server's URL"):
            oauth.post_form(url, oauth.TOKEN_PATH, {})
        async with AsyncConnection(url, credentials(), retry_seconds=0) as later:
            with pytest.raises(ClientError) as caught:
                await later.run(READ)
    assert not isinstance(caught.value, TransientError)
    assert delays == []


UNRESOLVED = caused("no answer", socket.gaierror(socket.EAI_AGAIN, "Temporary failure"))


def test_a_name_is_looked_up_again_for_some_seconds(delays: list[float]) -> None:
    server = Server(*[UNRESOLVED] * 20, reply({"data": {"viewer": 1}}))
    with pytest.raises(TransientError, match=r"UNREACHABLE: .*Check the server's URL"):
        connection(server).run(READ)
    assert len(server.requests) < 10
    assert max(delays) <= NAME_SECONDS


def test_a_name_is_looked_up_for_as_long_as_all_when_the_server_has_answered() -> None:
    answer = reply({"data": {"viewer": 1}})
    server = Server(answer, *[UNRESOLVED] * 10, answer)
    opened = connection(server)
    opened.run(READ)
    opened.run(READ)
    assert len(server.requests) == 12


def test_the_server_says_how_long_to_wait(delays: list[float]) -> None:
    limited = error("RATE_LIMITED", 429, **{"Retry-After": "7"})
    connection(Server(limited, reply({"data": {}}))).run(READ)
    assert delays == [7.0]


def test_it_gives_up_when_the_time_is_over() -> None:
    server = Server(httpx2.ConnectError("refused"))
    with pytest.raises(TransientError, match=r"Check the network.*COUNTERSIGN_URL"):
        connection(server, retry_seconds=0).run(READ)
    assert len(server.requests) == 1


def test_without_a_valid_credential_nobody_is_signed_in() -> None:
    server = Server(error("UNAUTHENTICATED"))
    with pytest.raises(NotSignedInError, match="COUNTERSIGN_TOKEN is unknown") as caught:
        connection(server).run(READ)
    assert "csn_token" not in str(caught.value)
    assert caught.value.exit_status == ExitStatus.NOT_SIGNED_IN
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        *("<html>", "[]", '"text"', "{}", "\xff", pytest.param("[" * 100_000, id="deep")),
        *('{"data": null}', '{"data": "text"}', '{"data": [1]}', '{"errors": []}'),
        *('{"errors": "text"}', '{"errors": ["text"]}', '{"errors": {"code": 1}}'),
        '{"errors": [{"extensions": "text"}]}',
    ],
)
def test_another_service_is_recognized(body: str) -> None:
    answer = httpx2.Response(200, content=body.encode("latin-1"))
    with pytest.raises(ClientError, match="Check the server's URL"):
        connection(Server(answer)).run(READ)


HTML = {"Content-Type": "text/html; charset=utf-8"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            httpx2.Response(302, headers={"Location": "https://sso.example.com/in?state=secret"}),
            "/graphql leads to https://sso.example.com/in (302), which gets no credential. Where",
        ),
        (
            httpx2.Response(308, headers={"Location": "/graphql/"}),
            "/graphql leads to http://127.0.0.1:1/graphql/ (308), which gets no credential.",
        ),
        (
            httpx2.Response(200, text="<html>Welcome", headers=HTML),
            "/graphql answered with a web page (200). Where that is a page to log in at,",
        ),
        (
            httpx2.Response(403, text="<html>Denied", headers=HTML),
            "a proxy or firewall before it refuses. Ask its operator. Check the server's",
        ),
        (
            httpx2.Response(404, text="The API is at /api.\n", headers=TEXT),
            "answered 404, but not as Countersign does. It says: The API is at /api. Check the",
        ),
        (
            httpx2.Response(404, text="x" * 301, headers=TEXT),
            "answered 404, but not as Countersign does. Check the server's URL: COUNTERSIGN_URL",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, httpx2.Response) else "",
)
def test_what_stands_before_the_server_is_told(answer: httpx2.Response, sentence: str) -> None:
    server = Server(answer)
    with pytest.raises(ClientError) as caught:
        connection(server).run(READ)
    assert caught.value.code == "NO_COUNTERSIGN"
    assert sentence in caught.value.message
    assert caught.value.message.endswith("the one given to `countersign login`.")
    assert "secret" not in caught.value.message
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 521])
def test_a_proxy_without_its_server_is_asked_again(status: int) -> None:
    away = httpx2.Response(status, text="<html>Bad Gateway", headers=HTML)
    assert connection(Server(away, reply({"data": {"viewer": 1}}))).run(READ) == {"viewer": 1}
    with pytest.raises(TransientError) as caught:
        connection(Server(away), retry_seconds=0).run(READ)
    assert f"answered {status} in place of Countersign: a proxy" in caught.value.message
    with pytest.raises(TransientError):
        connection(Server(away)).change(CHANGE_ONCE, {})


def test_a_fault_of_the_server_is_not_sent_again() -> None:
    server = Server(error("BUG", 500))
    with pytest.raises(RefusedError, match="BUG"):
        connection(server).run(READ)
    assert len(server.requests) == 1


async def test_an_event_loop_has_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_seconds: float) -> None:
        pass

    monkeypatch.setattr(graphql.asyncio, "sleep", sleep)
    server = Server(
        httpx2.ConnectError("refused"),
        reply({"data": {"change": {"errors": [], "id": 1}}}),
        reply({"data": {"viewer": 1}}),
        error("UNAUTHENTICATED"),
    )
    opened = AsyncConnection(SERVER, credentials())
    opened.http = httpx2.AsyncClient(base_url=SERVER, transport=httpx2.MockTransport(server))
    async with opened:
        assert await opened.change(CHANGE, {}) == {"errors": [], "id": 1}
        assert await opened.run(READ) == {"viewer": 1}
        with pytest.raises(NotSignedInError, match="COUNTERSIGN_TOKEN is unknown"):
            await opened.run(READ)


def test_a_rejected_token_is_replaced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = iter(["csn_old", "csn_new"])
    environ: dict[str, str] = {}
    look_up: Callable[..., Any] = Credentials._look_up

    def next_secret(self: Credentials) -> Any:
        environ["COUNTERSIGN_TOKEN"] = next(secrets)
        return look_up(self)

    monkeypatch.setattr(Credentials, "_look_up", next_secret)
    server = Server(error("UNAUTHENTICATED"), reply({"data": {"viewer": 1}}))
    opened = connection(server)
    opened.credentials = Credentials(environ, Settings(server=SERVER))
    assert opened.run(READ) == {"viewer": 1}
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer csn_old", "Bearer csn_new"]


def test_the_server_is_told_which_program_asks() -> None:
    expected = f"countersign-client/{version('countersign-client')}"
    assert Connection(SERVER, credentials()).http.headers["User-Agent"] == expected
    assert AsyncConnection(SERVER, credentials()).http.headers["User-Agent"] == expected


async def test_a_program_that_a_tool_waits_for_gives_up_early_on_a_server_that_never_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graphql, "START_SECONDS", 0.0)
    gone, answer = httpx2.ConnectError("refused"), reply({"data": {"viewer": None}})
    server = Server(gone, answer, gone, answer)
    opened = AsyncConnection(SERVER, credentials())
    opened.http = httpx2.AsyncClient(base_url=SERVER, transport=httpx2.MockTransport(server))
    async with opened:
        with pytest.raises(TransientError, match="Check the network"):
            await opened.run(READ)
        assert len(server.requests) == 1
        await opened.run(READ)
        # It has answered now, and may be restarted.
        await opened.run(READ)
    assert len(server.requests) == 4
