"""Web pages of other sites cannot use a visitor's session, nor anything else of the API."""

from collections.abc import Iterator

import pytest

from api.graphql.http.origin import Origins, origin_of
from tests.support.api import Api, make_api
from tests.support.world import World

MUTATION = {"query": "mutation { __typename }"}
COOKIE = {"Cookie": "session=1"}


@pytest.fixture
def api(small_world: World) -> Iterator[Api]:
    """At http://testserver, known to the world as https://sign.example.com."""
    made, runtime = make_api(small_world, public_url="https://sign.example.com/")
    with made.client:
        yield made
    runtime.executor.shutdown()


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
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
        (COOKIE | {"Sec-Fetch-Site": "cross-site"}, True),
        (COOKIE | {"Sec-Fetch-Site": "same-site"}, True),
        (COOKIE | {"Sec-Fetch-Site": "same-origin"}, False),
        (COOKIE | {"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
    ],
)
def test_a_request_of_a_foreign_page_is_refused(
    api: Api, headers: dict[str, str], foreign: bool
) -> None:
    answer = api.client.post("/graphql", json=MUTATION, headers=headers)

    assert answer.status_code == (403 if foreign else 200)
    if foreign:
        assert answer.json()["errors"][0]["extensions"]["code"] == "FOREIGN_ORIGIN"
    assert "access-control-allow-origin" not in answer.headers


def test_a_form_of_a_foreign_page_is_refused_even_without_headers_that_tell(api: Api) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        headers = COOKIE | {"Content-Type": kind}
        answer = api.client.post("/graphql", content=b'{"query":""}', headers=headers)
        assert answer.status_code == 415


def test_an_origin_is_written_as_browsers_do() -> None:
    assert origin_of("HTTPS://Sign.Example.com:443/path") == "https://sign.example.com"
    assert origin_of("http://[::1]:8000") == "http://[::1]:8000"
    assert Origins(None).is_ours("http://[::1]:8000", "[::1]:8000")
