"""What is no request is refused with a status and a sentence; nothing is ever a server error."""

import gzip
import json
from typing import Any

import pytest

from tests.support.api import Api, make_api
from tests.support.world import World

JSON = {"Content-Type": "application/json"}
QUERY = {"query": "{ __typename }"}


def query(**more: Any) -> bytes:
    return json.dumps(QUERY | more).encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"null", 400),
        (b'"text"', 400),
        (b"17", 400),
        (b"[]", 400),
        (b"[1]", 400),
        (json.dumps([QUERY, QUERY]).encode(), 400),
        (b'{"query": "{ __typename }"', 400),
        (b"\xff\xfe\x00", 400),
        (b'{"query": "\xff"}', 400),
        ('{"query": "{ __typename }"}'.encode("utf-16"), 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 100_000, 400),
        (query(variables={"n": [[[[[]]]]]}), 200),
        (b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}", 400),
        (b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 5000 + b"}}", 400),
        (b'{"query": "{ __typename }", "variables": {"a": NaN}}', 400),
        (b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}', 400),
        (b'{"query": "{ __typename }", "variables": {"a": "\\u0000"}}', 200),
        (b'{"query": "{ __typename }", "variables": {"\\ud800": 1}}', 400),
        (query(variables=[1]), 400),
        (query(operationName=["a"]), 400),
        (query(extensions="x"), 400),
        (json.dumps({"query": None}).encode(), 400),
        (json.dumps({"query": ""}).encode(), 400),
        (b'{"query": "{ __typename }", "padding": "' + b"x" * 2**21 + b'"}', 413),
    ],
)
def test_a_body_that_is_none(small_api: Api, body: bytes, status: int) -> None:
    answer = small_api.client.post("/graphql", content=body, headers=JSON)

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/json")
    if status != 200:
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] in {"BAD_REQUEST", "LIMIT_EXCEEDED"}
        assert "data" not in answer.json()


def test_a_batch_is_refused_by_the_limit_and_what_was_asked(small_api: Api) -> None:
    answer = small_api.client.post("/graphql", json=[QUERY, QUERY, QUERY])

    assert answer.json()["errors"][0]["extensions"] == {
        "code": "LIMIT_EXCEEDED",
        "limit": "batch",
        "allowed": 1,
        "actual": 3,
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
        ({"Content-Type": "application/jsonp"}, 415),
        ({"Content-Type": "text/plain; application/json"}, 415),
        ({}, 415),
        ({"Content-Type": "APPLICATION/JSON; charset=UTF-8"}, 200),
        ({"Content-Type": "application/json; charset=UTF-8;"}, 200),
        ({"Content-Type": "application/json;"}, 200),
        ({"Content-Type": 'application/json ; Charset="utf-8" ; odata=verbose'}, 200),
        ({"Content-Type": "application/json; x=charset=utf-16"}, 200),
        ({"Content-Type": "application/json; odata=verbose; charset=latin1"}, 415),
        (JSON | {"Content-Encoding": "gzip"}, 415),
    ],
)
def test_only_plain_json_is_taken(small_api: Api, headers: dict[str, str], status: int) -> None:
    content = gzip.compress(query()) if "Content-Encoding" in headers else query()
    answer = small_api.client.post("/graphql", content=content, headers=headers)

    assert answer.status_code == status


def test_a_byte_order_mark_is_ignored_at_the_beginning_alone(small_api: Api) -> None:
    def post(content: bytes) -> int:
        return small_api.client.post("/graphql", content=content, headers=JSON).status_code

    assert post(b"\xef\xbb\xbf" + query()) == 200
    assert post(b"\xef\xbb\xbf\xef\xbb\xbf" + query()) == 400
    assert post(query() + b"\xef\xbb\xbf") == 400


@pytest.mark.parametrize(
    ("accept", "status"), [("*/*", 200), ("application/graphql-response+json", 400)]
)
def test_a_hash_without_its_query_is_answered_as_clients_look_for_it(
    small_api: Api, accept: str, status: int
) -> None:
    hashed = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    headers = {"Accept": accept}
    by_post = small_api.client.post("/graphql", json={"extensions": hashed}, headers=headers)
    parameters = {"extensions": json.dumps(hashed)}
    by_get = small_api.client.get("/graphql", params=parameters, headers=headers)

    for answer in (by_post, by_get):
        assert answer.status_code == status
        assert answer.json() == {
            "errors": [
                {
                    "message": "PersistedQueryNotFound",
                    "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
                }
            ]
        }
    # The client sends both then.
    both = small_api.client.post("/graphql", json=QUERY | {"extensions": hashed})
    assert both.json() == {"data": {"__typename": "Query"}}
    other = small_api.client.post("/graphql", json={"extensions": {"persistedQuery": None}})
    assert other.status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_are_told_which_ones_there_are(small_api: Api, method: str) -> None:
    answer = small_api.client.request(method, "/graphql")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


def test_get_runs_queries_alone(small_api: Api) -> None:
    ask = small_api.client.get

    assert ask("/graphql", params=QUERY).json() == {"data": {"__typename": "Query"}}
    mutation = ask("/graphql", params={"query": "mutation { __typename }"})
    assert mutation.status_code == 405
    assert ask("/graphql").status_code == 400
    assert ask("/graphql", params=QUERY | {"variables": "[" * 9000}).status_code == 400
    assert ask("/graphql", params=QUERY | {"variables": "3"}).status_code == 400


def test_no_answer_is_kept_by_anybody(small_api: Api) -> None:
    for answer in (
        small_api.client.get("/graphql", params=QUERY),
        small_api.client.put("/graphql"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/graphql-response+json", "application/graphql-response+json"),
        (
            "application/graphql-response+json, application/json;q=0.9",
            "application/graphql-response+json",
        ),
        (
            "application/graphql-response+json;q=0.1, application/json",
            "application/json",
        ),
        ("application/graphql-response+json;q=0", "application/json"),
        ("application/graphql-response+json;q=x", "application/json"),
    ],
)
def test_the_answer_has_the_type_that_was_asked_for(small_api: Api, accept: str, kind: str) -> None:
    answer = small_api.client.post("/graphql", json=QUERY, headers={"Accept": accept})

    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"


def test_errors_of_an_operation_that_ran_keep_its_data(small_api: Api) -> None:
    headers = {"Accept": "application/graphql-response+json"}
    answer = small_api.client.post(
        "/graphql", json={"query": "{ viewer { permissions } }"}, headers=headers
    )

    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        ("{", {}, "SYNTAX_ERROR"),
        ("{ nothing }", {}, "VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", {}, "OPERATION_UNKNOWN"),
        ("query ($n: Int!) { releases(first: $n) { totalCount } }", {}, "INVALID_VARIABLES"),
        (
            "query ($n: Int) { releases(first: $n) { totalCount } }",
            {"n": 2**31},
            "INVALID_VARIABLES",
        ),
        ("{ releases(first: 99999999999) { totalCount } }", {}, "VALIDATION_FAILED"),
        (f"{{ releases(first: {'9' * 5000}) {{ totalCount }} }}", {}, "LIMIT_EXCEEDED"),
        ("query ($id: ID!) { node(id: $id) { id } }", {"id": {"a": 1}}, "INVALID_VARIABLES"),
        ("query ($id: ID!) { node(id: $id) { id } }", {"id": -int("9" * 100)}, None),
        ("query ($id: ID!) { node(id: $id) { id } }", {"id": int("9" * 101)}, "LIMIT_EXCEEDED"),
        ("query ($n: Int) { releases(first: $n) { totalCount } }", {"n": "1"}, "INVALID_VARIABLES"),
    ],
)
def test_an_operation_that_cannot_run_says_why(
    small_api: Api, document: str, variables: dict[str, Any], code: str | None
) -> None:
    headers = {
        "Accept": "application/graphql-response+json",
        "Authorization": f"Bearer {small_api.token('dev')}",
    }
    body = json.dumps({"query": document, "variables": variables})
    answer = small_api.client.post("/graphql", content=body, headers=headers | JSON)

    if code is None:
        assert answer.json() == {"data": {"node": None}}
    else:
        assert answer.status_code == 400
        assert {e["extensions"]["code"] for e in answer.json()["errors"]} == {code}
        assert "data" not in answer.json()


def test_the_ide_is_for_people_and_can_be_switched_off(small_world: World) -> None:
    page = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for ide in (True, False):
        api, runtime = make_api(small_world, ide=ide)
        answer = api.client.get("/graphql", headers=page)
        assert answer.headers["content-type"].startswith("text/html") == ide
        assert answer.status_code == (200 if ide else 400)
        assert api.client.get("/graphql", headers={"Accept": "*/*"}).status_code == 400
        assert api.client.get("/graphql", params=QUERY, headers=page).json()["data"]
        runtime.executor.shutdown()
