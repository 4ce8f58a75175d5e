"""`/oauth/token` over a table of grants: what it refuses before any grant is asked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from api.web.http.rate_limit import TokenBuckets
from api.web.oauth.answers import IssuedToken, OAuthError
from api.web.oauth.requests import MAX_BODY_BYTES
from api.web.oauth.token_endpoint import PATH, TokenEndpoint
from engine.model.errors import Code, Refusal

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def issue(_request: Request, parameters: Mapping[str, str]) -> IssuedToken:
    if parameters.get("code") == "busy":
        raise Refusal(Code.OVERLOADED, "Too much is under way. Try again shortly.")
    if parameters.get("code") != "right":
        raise OAuthError("invalid_grant", "This code is wrong. Ask for another.", code="WRONG")
    return IssuedToken(access_token="s3cret", lifetime_seconds=60, scopes=("SIGN",))


@pytest.fixture
def client() -> TestClient:
    endpoint = TokenEndpoint({"by-code": issue}, TokenBuckets(rate=1, burst=20))
    return TestClient(Starlette(routes=[Route(PATH, endpoint.answer, methods=["POST"])]))


def test_a_grant_of_the_table_issues_a_token(client: TestClient) -> None:
    answer = client.post(PATH, data={"grant_type": "by-code", "code": "right"})
    assert answer.status_code == 200
    assert answer.json() == {
        "access_token": "s3cret",
        "token_type": "Bearer",
        "expires_in": 60,
        "scope": "SIGN",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


def test_a_refusal_of_a_grant_has_its_codes(client: TestClient) -> None:
    answer = client.post(PATH, data={"grant_type": "by-code", "code": "else"})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "This code is wrong. Ask for another.",
        "code": "WRONG",
    }
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "headers", "status", "error"),
    [
        ("", FORM, 400, "invalid_request"),
        ("grant_type=", FORM, 400, "invalid_request"),
        ("grant_type=password", FORM, 400, "unsupported_grant_type"),
        ("grant_type=by-code&grant_type=by-code", FORM, 400, "invalid_request"),
        ("grant_type=by-code&code=right&code=", FORM, 400, "invalid_request"),
        ("grant_type=by-code&code=%ff", FORM, 400, "invalid_request"),
        ("&".join(f"p{n}=1" for n in range(21)), FORM, 400, "invalid_request"),
        ('{"grant_type": "by-code"}', {"Content-Type": "application/json"}, 400, "invalid_request"),
        ("grant_type=by-code&code=right", {"Content-Type": "text/plain"}, 400, "invalid_request"),
        ("code=" + "a" * MAX_BODY_BYTES, FORM, 413, "invalid_request"),
        ("grant_type=by-code&code=busy", FORM, 503, "temporarily_unavailable"),
    ],
)
def test_what_is_no_request_is_refused(
    client: TestClient, body: str, headers: dict[str, str], status: int, error: str
) -> None:
    answer = client.post(PATH, content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"].endswith(".")


def test_nothing_but_post_reaches_it(client: TestClient) -> None:
    assert client.get(PATH).status_code == 405


def test_a_client_that_asks_too_often_has_to_wait(client: TestClient) -> None:
    answers = [client.post(PATH, data={"grant_type": "by-code"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [400] * 20 + [429]
    assert answers[-1].json()["error"] == "slow_down"
    assert int(answers[-1].headers["retry-after"]) >= 1
