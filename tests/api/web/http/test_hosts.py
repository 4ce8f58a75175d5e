"""The Host header is believed for hosts of ours only, and no answer repeats it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from api.app import create_app
from api.web.http.hosts import BRIEFLY, MISDIRECTED, hosts_of
from tests.api.test_app import settings

PUBLIC = "https://countersign.example.com"
TOKEN = "0" * 32 + "." + "a" * 43
PATHS = (
    "/",
    "/graphql",
    "/sign-in",
    "/sign-in/code",
    "/sign-in/account",
    f"/sign-in/{TOKEN}",
    "/sign-out",
    f"/decide/{TOKEN}",
    "/nowhere",
)
FOREIGN = (
    "evil.example",
    "evil.example:443",
    "countersign.example.com.evil.example",
    "evilcountersign.example.com",
    "countersign.example.com@evil.example",
    "countersign.example.com/evil.example",
    "countersign.example.com.",
    "169.254.169.254",
    "[::2]",
    "[::::]",
    "m\xfcnchen.example",
    "",
)
OURS = (
    "countersign.example.com",
    "CounterSign.Example.com:8443",
    "localhost:5173",
    "127.0.0.1:8000",
    "[::1]:8000",
    "[0:0:0:0:0:0:0:1]",
    "countersign.internal",
    "10.0.0.5:8000",
)


@pytest.fixture
def browser(database_url: str) -> Iterator[TestClient]:
    environment = settings(database_url, allowed_hosts="Countersign.internal, 10.0.0.5")
    app = create_app(environment, worker=False)
    with TestClient(app, base_url=PUBLIC, follow_redirects=False) as client:
        yield client


def test_a_foreign_host_is_refused_everywhere_and_never_repeated(browser: TestClient) -> None:
    for path in PATHS:
        for host in FOREIGN:
            answer = browser.get(path, headers={"Host": host.encode("latin-1")})
            assert answer.status_code == MISDIRECTED, (path, host)
            assert f"Use {PUBLIC}." in answer.text
            assert "COUNTERSIGN_ALLOWED_HOSTS" in answer.text
            text = answer.text + str(answer.headers)
            assert "evil" not in text
            assert "location" not in answer.headers
            assert "set-cookie" not in answer.headers


def test_programs_are_told_in_their_own_manner(browser: TestClient) -> None:
    answer = browser.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"Host": "evil.example"}
    )
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]) == (MISDIRECTED, {"code": "UNKNOWN_HOST"})
    headers = {"Host": "evil.example"}
    with browser.websocket_connect("/graphql", headers=headers) as socket:
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
        assert (ended.value.code, ended.value.reason) == (4403, BRIEFLY)
    assert len(BRIEFLY.encode()) <= 123


def test_the_log_names_the_host_at_a_limited_rate(browser: TestClient) -> None:
    with structlog.testing.capture_logs() as logs:
        for number in range(50):
            browser.get("/sign-in", headers={"Host": f"evil{number}.example"})
    (line,) = [line for line in logs if line["event"] == "request_for_unknown_host"]
    assert line["host"] == "evil0.example"


def test_two_host_headers_are_none(browser: TestClient) -> None:
    headers = [("Host", "countersign.example.com"), ("Host", "evil.example")]
    assert browser.get("/sign-in", headers=headers).status_code == MISDIRECTED


def test_our_own_hosts_are_answered_whatever_their_port(browser: TestClient) -> None:
    for host in OURS:
        answer = browser.post("/graphql", json={"query": "{ __typename }"}, headers={"Host": host})
        assert answer.json() == {"data": {"__typename": "Query"}}, host


def test_probes_ask_by_whatever_address_they_know(browser: TestClient) -> None:
    for path in ("/healthz", "/readyz"):
        for host in (*FOREIGN, "10.1.2.3:8000"):
            answer = browser.get(path, headers={"Host": host.encode("latin-1")})
            assert answer.status_code == 200, (path, host)


def test_a_slash_too_many_leads_nowhere_and_tells_no_secret(browser: TestClient) -> None:
    for path in (*PATHS[1:], "/healthz", "/readyz"):
        for host in ("countersign.example.com", "evil.example"):
            answer = browser.get(f"{path}/", headers={"Host": host})
            assert answer.status_code in (404, MISDIRECTED), (path, host)
            assert "location" not in answer.headers
    assert "location" not in browser.get("/decide").headers


def test_hosts_are_read_as_names_and_addresses() -> None:
    assert hosts_of("") == frozenset()
    assert hosts_of("A.example, [::1],0:0::2 ,") == {"a.example", "::1", "::2"}
    for wrong in ("https://a.example", "a.example:80", "*.example.com", "a b", "[::1]:80", "::x"):
        with pytest.raises(ValueError, match=r"no host|does not appear"):
            hosts_of(wrong)
