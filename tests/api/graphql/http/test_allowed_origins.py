"""Pages of origins that an operator names use the API with a token, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.websockets import WebSocketDisconnect

from api.web.http.cross_origin import origins_of
from engine.commands.credentials.sessions import StartSession
from engine.model.vocabulary import SignInMethod
from tests.api.graphql.limits.test_websocket import ask
from tests.support.api import Api, make_api
from tests.support.world import World

PAGE = "https://dashboard.example.com"
WHO = {"query": "{ viewer { user { name } } }"}
DEV = {"viewer": {"user": {"name": "Dev"}}}
#: Origins that look like one that is named, and are not.
OTHERS = [
    "https://dashboard.example.com.evil.com",
    "https://evil.com",
    "http://dashboard.example.com",
    "https://dashboard.example.com:8443",
    "https://DASHBOARD.example.com",
    "https://a.dashboard.example.com",
    "null",
    "*",
]


@pytest.fixture
def api(small_world: World) -> Iterator[Api]:
    api, runtime = make_api(
        small_world, public_url="https://sign.example.com/", allowed_origins={PAGE}
    )
    with api.client:
        yield api
    runtime.executor.shutdown()


def preflight(api: Api, origin: str, headers: str = "authorization,content-type") -> object:
    request = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": headers,
    }
    return api.client.options("/graphql", headers=request)


def test_a_preflight_of_an_allowed_page_names_that_page_alone(api: Api) -> None:
    answer = preflight(api, PAGE)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers


def test_a_preflight_that_asks_for_other_headers_is_refused(api: Api) -> None:
    assert preflight(api, PAGE, "x-forwarded-for").status_code == 400


@pytest.mark.parametrize("origin", OTHERS)
def test_no_other_page_is_let_in(api: Api, origin: str) -> None:
    assert "access-control-allow-origin" not in preflight(api, origin).headers
    headers = {"Origin": origin, "Authorization": f"Bearer {api.token('dev')}"}
    answer = api.client.post("/graphql", json=WHO, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "FOREIGN_ORIGIN"
    assert "access-control-allow-origin" not in answer.headers
    with (
        api.client.websocket_connect(
            "/graphql", subprotocols=["graphql-transport-ws"], headers=headers
        ) as socket,
        pytest.raises(WebSocketDisconnect),
    ):
        socket.receive_json()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_an_allowed_page_is_answered_with_a_token(api: Api, accept: str) -> None:
    headers = {
        "Origin": PAGE,
        "Sec-Fetch-Site": "cross-site",
        "Accept": accept,
        "Authorization": f"Bearer {api.token('dev')}",
    }
    answer = api.client.post("/graphql", json=WHO, headers=headers)
    assert answer.status_code == 200
    assert '"Dev"' in answer.text
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


def test_a_refusal_can_be_read_by_the_page(api: Api) -> None:
    headers = {"Origin": PAGE, "Content-Type": "text/plain"}
    answer = api.client.post("/graphql", content=b"{", headers=headers)
    assert answer.status_code == 415
    assert answer.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", None])
def test_a_session_of_an_allowed_page_does_not_count(
    api: Api, method: str, site: str | None
) -> None:
    session = api.world.do("dev", StartSession(method=SignInMethod.MAIL))
    cookie = {"Cookie": f"countersign={session.secret}"}
    own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    options = {"params": WHO} if method == "GET" else {"json": WHO}
    answer = api.client.request(method, "/graphql", headers=cookie | own, **options)
    assert answer.json()["data"] == DEV
    theirs = cookie | {"Origin": PAGE} | ({"Sec-Fetch-Site": site} if site else {})
    answer = api.client.request(method, "/graphql", headers=theirs, **options)
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_websocket_of_an_allowed_page_needs_a_token_too(api: Api) -> None:
    session = api.world.do("dev", StartSession(method=SignInMethod.MAIL))
    headers = {"Origin": PAGE, "Cookie": f"countersign={session.secret}"}
    for params, data in (({}, None), ({"Authorization": f"Bearer {api.token('dev')}"}, DEV)):
        with api.client.websocket_connect(
            "/graphql", subprotocols=["graphql-transport-ws"], headers=headers
        ) as socket:
            socket.send_json({"type": "connection_init", "payload": params})
            assert socket.receive_json() == {"type": "connection_ack"}
            response, _ = ask(socket, "1", WHO)
            assert response["payload"]["data"] == data


@pytest.mark.parametrize("text", [None, "", " , "])
def test_no_origin_is_allowed_unless_one_is_named(text: str | None) -> None:
    assert origins_of(text) == frozenset()


def test_origins_are_separated_by_commas() -> None:
    assert origins_of(f"{PAGE}, http://localhost:5173") == {PAGE, "http://localhost:5173"}


@pytest.mark.parametrize(
    "text",
    ["*", "null", "dashboard.example.com", f"{PAGE}/", f"{PAGE}:443", "https://*.example.com"],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        origins_of(text)
