"""What is logged: with the request's id, and never a secret, a token or a link."""

import io
import json
import logging
import os
import secrets
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from api.observability.logs import configure_logs
from api.observability.meter import Meter
from api.observability.redaction import HIDDEN, without_secrets
from api.observability.requests import ObservedRequests

SECRETS = {
    "token": "csn_" + secrets.token_urlsafe(32),
    "link": f"https://countersign.example.com/decide/{uuid4().hex}.{secrets.token_urlsafe(32)}",
    "sign-in": f"/sign-in/{uuid4().hex}.{secrets.token_urlsafe(32)}",
    "cookie": secrets.token_urlsafe(32),
    "key": b64encode(os.urandom(32)).decode(),
    "jwt": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl",
    "url": "postgresql://countersign:hunter2-hunter2@db.example.com/countersign",
    "header": "Bearer abc.def-123",
    "pem": "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----",
    "sql": "(psycopg.Error) oh\n[SQL: SELECT 1]\n[parameters: {'secret_hash': 'hunter2'}]\n",
}
KEPT = "/usr/lib/python3.11/site-packages/sqlalchemy/engine/default.py"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The log, as JSON lines."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    configure_logs(as_json=True, stream=stream)
    yield stream
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def secret_part(text: str) -> str:
    """What of it must not be found again."""
    name = next(name for name, value in SECRETS.items() if value == text)
    parts = {"url": "hunter2-hunter2", "header": "abc.def", "pem": "MIIEvQ", "sql": "hunter2"}
    # A key in base64 may have a slash in it; a link has its secret after the last one.
    return parts.get(name, text if name == "key" else text.rpartition("/")[2])


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_a_secret_is_hidden_wherever_it_is(written: io.StringIO, text: str) -> None:
    log = structlog.get_logger("test")
    log.info(text, value=text, nested={"inner": [text, {"x": (text,)}]}, raw=text.encode())
    logging.getLogger("library").warning("it said %s", text)
    try:
        int(text)
    except ValueError:
        log.exception("failed", of=ValueError(text))
        logging.getLogger("library").exception("failed")
    exported = written.getvalue()
    assert len(exported.splitlines()) == 4
    assert secret_part(text) not in exported
    assert HIDDEN in exported


def test_what_is_no_secret_stays(written: io.StringIO) -> None:
    id_, log = str(uuid4()), structlog.get_logger("test")
    log.info("sent", delivery=id_, number=3, ok=True, none=None, path=KEPT, token_id=id_, who="Ann")
    (line,) = lines(written)
    assert line.items() >= {
        "event": "sent", "delivery": id_, "number": 3, "ok": True, "none": None,
        "path": KEPT, "token_id": id_, "who": "Ann", "level": "info",
    }.items()  # fmt: skip


def test_names_that_say_secret_are_hidden_whatever_they_hold(written: io.StringIO) -> None:
    names = ("password", "Authorization", "cookie", "client_secret", "csrf", "pkcs11_pin", "nonce")
    structlog.get_logger("test").info("x", headers=dict.fromkeys(names, "hunter2"))
    assert "hunter2" not in written.getvalue()
    assert set(lines(written)[0]["headers"].values()) == {HIDDEN}


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20))
def test_no_token_of_ours_gets_through(random: bytes, around: str) -> None:
    token = "csn_" + b64encode(random, b"-_").decode().rstrip("=")
    assert token not in without_secrets(f"{around} {token} {around}")


# --- requests -------------------------------------------------------------------------------


def client(**options: Any) -> TestClient:
    async def answer(request: Request) -> Response:
        structlog.get_logger("test").info("inside")
        if request.url.path.endswith("bug"):
            raise ValueError("a bug")
        return PlainTextResponse("fine")

    routes = [Route("/sign-in/{spelling}", answer)]
    observed = Middleware(ObservedRequests, meter=Meter(), **{"log_requests": True} | options)
    return TestClient(
        Starlette(routes=routes, middleware=[observed]), raise_server_exceptions=False
    )


def test_each_line_has_the_requests_id_and_so_has_the_answer(written: io.StringIO) -> None:
    answer = client().get(SECRETS["sign-in"])
    id_ = answer.headers["x-request-id"]
    assert len(id_) == 16
    inside, request = lines(written)
    assert (inside["request_id"], request["request_id"]) == (id_, id_)
    assert (request["face"], request["method"], request["status"]) == ("sign-in", "GET", 200)
    assert SECRETS["sign-in"].rpartition(".")[2] not in written.getvalue()
    assert client().get("/sign-in/x").headers["x-request-id"] != id_


def test_a_decent_id_is_taken_over(written: io.StringIO) -> None:
    answer = client().get("/sign-in/x", headers={"X-Request-ID": "edge-42.A_b"})
    assert answer.headers["x-request-id"] == "edge-42.A_b"
    assert {line["request_id"] for line in lines(written)} == {"edge-42.A_b"}


@pytest.mark.parametrize("forged", ["", "a b", "x" * 65, 'a"b', "a\u00e9", "a;b", "{}"])
def test_any_other_is_replaced(written: io.StringIO, forged: str) -> None:
    answer = client().get("/sign-in/x", headers={"X-Request-ID": forged.encode("latin-1")})
    assert answer.headers["x-request-id"] not in {forged, ""}


def test_a_bug_is_logged_as_one_with_the_id(written: io.StringIO) -> None:
    assert client().get("/sign-in/bug").status_code == 500
    assert [line.get("status") for line in lines(written)] == [None, 500]


def test_requests_are_logged_only_where_that_is_wanted(written: io.StringIO) -> None:
    client(log_requests=False).get("/sign-in/x")
    assert [line["event"] for line in lines(written)] == ["inside"]
