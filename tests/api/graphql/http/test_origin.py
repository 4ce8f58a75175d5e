"""Web pages of other sites cannot use a visitor's session, nor anything else of the API."""

from collections.abc import Iterator

import pytest
import structlog
from starlette.websockets import WebSocketDisconnect

from api.web.http.browser import Browser
from api.web.http.origin import BRIEFLY, Origins, origin_of
from engine.commands.credentials.sessions import StartSession
from engine.model.vocabulary import SignInMethod
from tests.api.graphql.limits.test_websocket import ask
from tests.support.api import Api, make_api
from tests.support.world import World

MUTATION = {"query": "mutation { __typename }"}
COOKIE = {"Cookie": "session=1"}
WHO = "{ viewer { user { name } } }"
DEV = {"viewer": {"user": {"name": "Dev"}}}


@pytest.fixture
def api(small_world: World) -> Iterator[Api]:
    """At http://testserver, known to the world as https://sign.example.com."""
    api, runtime = make_api(small_world, public_url="https://sign.example.com/")
    with api.client:
        yield api
    runtime.executor.shutdown()


#: Headers of a request, and whether it is refused as one of a foreign page.
CASES: list[tuple[dict[str, str], bool]] = [
    ({}, False),
    (COOKIE, False),
    ({"Origin": "https://sign.example.com"}, False),
    ({"Origin": "https://SIGN.example.com:443"}, False),
    ({"Origin": "http://testserver"}, False),
    ({"Origin": "http://sign.example.com"}, True),
    ({"Origin": "https://sign.example.com.evil.com"}, True),
    ({"Origin": "https://sign.example.com:8443"}, True),
    ({"Origin": "https://evil.com"}, True),
    ({"Origin": "null"}, True),
    ({"Origin": ""}, True),
    ({"Origin": "https://[::1"}, True),
    ({"Origin": "https://sign.example.com:x"}, True),
    (COOKIE | {"Origin": "https://evil.com", "Sec-Fetch-Site": "same-origin"}, True),
    (COOKIE | {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"}, True),
    ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, False),
    ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, True),
    (COOKIE | {"Sec-Fetch-Site": "cross-site"}, True),
    (COOKIE | {"Sec-Fetch-Site": "same-site"}, True),
    (COOKIE | {"Sec-Fetch-Site": "same-origin"}, False),
    (COOKIE | {"Sec-Fetch-Site": "none"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
]


@pytest.mark.parametrize(("headers", "foreign"), CASES)
def test_a_request_of_a_foreign_page_is_refused(
    api: Api, headers: dict[str, str], foreign: bool
) -> None:
    answer = api.client.post("/graphql", json=MUTATION, headers=headers)

    assert answer.status_code == (403 if foreign else 200)
    if foreign:
        assert answer.json()["errors"][0]["extensions"]["code"] == "FOREIGN_ORIGIN"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("headers", "foreign"), CASES)
def test_a_websocket_is_refused_by_the_same_rule_and_told_why(
    api: Api, headers: dict[str, str], foreign: bool
) -> None:
    protocols = ["graphql-transport-ws"]
    # The client of the tests has a cookie jar of its own kind: none is sent unless it is said.
    with api.client.websocket_connect(
        "/graphql", subprotocols=protocols, headers=headers
    ) as socket:
        if foreign:
            with pytest.raises(WebSocketDisconnect) as ended:
                socket.receive_json()
            assert (ended.value.code, ended.value.reason) == (4403, BRIEFLY)
            return
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}


@pytest.mark.parametrize(("headers", "foreign"), CASES)
def test_a_stream_of_events_is_refused_by_the_same_rule(
    api: Api, headers: dict[str, str], foreign: bool
) -> None:
    events = headers | {"Accept": "text/event-stream"}
    answer = api.client.post("/graphql", json={"query": "{ __typename }"}, headers=events)
    assert answer.status_code == (403 if foreign else 200)


def test_the_reason_has_room_in_a_closing_frame() -> None:
    assert len(BRIEFLY.encode()) <= 123


def test_a_refused_origin_is_told_with_what_to_change(api: Api) -> None:
    headers = {"Origin": "http://localhost:5173", "Host": "127.0.0.1:8000"}
    answer = api.client.post("/graphql", json=MUTATION, headers=headers)
    (error,) = answer.json()["errors"]
    assert error["message"] == (
        "Web pages of other sites cannot use this API: the page's origin (http://localhost:5173)"
        " is neither the one of COUNTERSIGN_PUBLIC_URL nor that of the host that was asked"
        " (127.0.0.1:8000). If it is a page of this service, a proxy in between has changed the"
        " Host header: it must pass it on as it is. A page of yours on another origin can use it"
        " with a token, if COUNTERSIGN_ALLOWED_ORIGINS names it."
    )


def test_the_log_names_the_values_that_differ_at_a_limited_rate(api: Api) -> None:
    with structlog.testing.capture_logs() as logs:
        for number in range(50):
            headers = {"Origin": f"https://evil{number}.com", "Host": "testserver"}
            api.client.post("/graphql", json=MUTATION, headers=headers)
    (line,) = [line for line in logs if line["event"] == "request_of_foreign_page"]
    assert (line["origin"], line["host"]) == ("https://evil0.com", "testserver")
    assert line["public_origin"] == "https://sign.example.com"


@pytest.mark.parametrize(
    ("host", "origin", "served"),
    [
        ("localhost:5173", "http://localhost:5173", True),
        ("sign.example.com", "https://sign.example.com", True),
        ("127.0.0.1:8000", "https://sign.example.com", True),
        ("127.0.0.1:8000", "http://localhost:5173", False),
    ],
    ids=["development proxy", "public", "proxy that changes the host", "both differ"],
)
def test_a_page_and_its_socket_are_signed_in_or_refused_together(
    small_world: World, host: str, origin: str, served: bool
) -> None:
    api, runtime = make_api(small_world, public_url="https://sign.example.com/")
    object.__setattr__(runtime, "browser", Browser("https://sign.example.com/"))
    session = small_world.do("dev", StartSession(method=SignInMethod.MAIL))
    cookie = {"Cookie": f"__Host-countersign={session.secret}", "Host": host, "Origin": origin}
    with api.client:
        page = cookie | {"Sec-Fetch-Site": "same-origin"}
        answer = api.client.post("/graphql", json={"query": WHO}, headers=page)
        assert (answer.json().get("data") == DEV) is served
        # Chromium tells no Sec-Fetch-Site here.
        with api.client.websocket_connect(
            "/graphql", subprotocols=["graphql-transport-ws"], headers=cookie
        ) as socket:
            if not served:
                with pytest.raises(WebSocketDisconnect) as ended:
                    socket.receive_json()
                assert ended.value.code == 4403
            else:
                socket.send_json({"type": "connection_init"})
                assert socket.receive_json() == {"type": "connection_ack"}
                response, _ = ask(socket, "1", {"query": WHO})
                assert response["payload"]["data"] == DEV
    runtime.executor.shutdown()


def test_a_form_of_a_foreign_page_is_refused_even_without_headers_that_tell(api: Api) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        headers = COOKIE | {"Content-Type": kind}
        answer = api.client.post("/graphql", content=b'{"query":""}', headers=headers)
        assert answer.status_code == 415


def test_an_origin_is_written_as_browsers_do() -> None:
    assert origin_of("HTTPS://Sign.Example.com:443/path") == "https://sign.example.com"
    assert origin_of("http://[::1]:8000") == "http://[::1]:8000"
    assert Origins(None).is_ours("http://[::1]:8000", "[::1]:8000")
