"""What is too much is refused before it runs, by the limit's name and by what was asked."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import get_introspection_query

from api.graphql.limits.numbers import Limits
from tests.support.api import Api, make_api
from tests.support.world import World

Make = Callable[..., Api]


@pytest.fixture
def make(small_world: World) -> Iterator[Make]:
    """The API with limits of one's own."""
    runtimes = []

    def made(**limits: Any) -> Api:
        api, runtime = make_api(small_world, limits=Limits(**limits))
        runtimes.append(runtime)
        return api

    yield made
    for runtime in runtimes:
        runtime.executor.shutdown()


def refusal(api: Api, document: str, name: str | None = "dev", **variables: Any) -> dict[str, Any]:
    """The extensions of the one error of an operation that did not run."""
    answer = api.post(name, document, **variables)
    (error,) = answer["errors"]
    assert "data" not in answer
    extensions: dict[str, Any] = error["extensions"]
    for number in ("allowed", "asked"):
        assert str(extensions[number]) in error["message"]
    return extensions


def exceeded(limit: str, allowed: int, asked: int) -> dict[str, Any]:
    return {"code": "LIMIT_EXCEEDED", "limit": limit, "allowed": allowed, "asked": asked}


FRAGMENTS = "".join(f"fragment F{n} on User {{ id }} " for n in range(4))
IN_FRAGMENT = "fragment R on Query { a: __typename b: __typename c: __typename } "


@pytest.mark.parametrize(
    ("limit", "allowed", "document", "asked"),
    [
        ("depth", 3, "{ viewer { user { teams { name } } } }", 4),
        ("depth", 3, "{ __schema { types { fields { name } } } }", 4),
        ("depth", 3, "{ ...A } fragment A on Query { viewer { user { teams { id } } } }", 4),
        ("aliases", 2, "{ a: __typename b: __typename c: __typename }", 3),
        ("directives", 1, "{ __typename @skip(if: false) @include(if: true) }", 2),
        ("definitions", 4, FRAGMENTS + "{ viewer { user { ...F0 ...F1 ...F2 ...F3 } } }", 5),
        ("repeats", 2, "{ viewer { user { id id } user { id ... { id ...{ id } } } } }", 3),
        ("root_fields", 2, "{ a: __typename b: __typename c: __typename }", 3),
        ("root_fields", 2, IN_FRAGMENT + "{ ...R }", 3),
        ("tokens", 9, "{ a b c d e f g h }", 10),
    ],
)
def test_a_document_has_a_bounded_shape(
    make: Make, limit: str, allowed: int, document: str, asked: int
) -> None:
    assert refusal(make(**{limit: allowed}), document) == exceeded(limit, allowed, asked)
    assert "errors" not in make(**{limit: asked}).post("dev", document) or limit == "tokens"


@pytest.mark.parametrize(
    ("document", "variables", "asked"),
    [
        ("{ releases(first: 5) { edges { node { history(first: 9) { edges { cursor } } } } } }",
         {}, 61),
        ("query ($n: Int) { releases(last: $n) { edges { node { id } } } }", {"n": 100}, 201),
        ("query ($n: Int = 50) { releases(first: $n) { edges { node { id } } } }", {}, 101),
        ("{ releases { edges { cursor } } }", {}, 21),
        ("{ teams(first: 2) { edges { node { members { teams { members { id } } } } } } }",
         {}, 2225),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 30}, 30),
        ("{ releases { ...P } } fragment P on ReleaseConnection { edges { node { id } } }",
         {}, 41),
    ],
)  # fmt: skip
def test_page_sizes_multiply(
    make: Make, document: str, variables: dict[str, Any], asked: int
) -> None:
    assert refusal(make(cost=9), document, **variables) == exceeded("cost", 9, asked)


def test_a_page_of_100_with_nested_pages_of_100_is_refused_before_it_runs(small_api: Api) -> None:
    nested = "{ edges { node { history(first: 100) { edges { node { id } } } } } }"
    told = refusal(small_api, f"{{ releases(first: 100) {nested} }}", name=None)

    assert (told["limit"], told["asked"]) == ("cost", 20301)


def test_a_list_that_leads_back_to_itself_is_refused_before_it_runs(small_api: Api) -> None:
    circle = "{ name }"
    for _ in range(5):
        circle = f"{{ teams {{ members {circle} }} }}"

    assert refusal(small_api, f"{{ viewer {{ user {circle} }} }}")["limit"] == "cost"


def test_a_list_longer_than_it_was_taken_for_stops_a_query_but_no_mutation(make: Make) -> None:
    api = make(rows=5)
    members = "{ edges { node { members { name } } } }"
    assert "errors" not in api.post("dev", f"{{ teams {members} }}")
    again = f"{{ a: teams {members} b: teams {members} }}"

    (error,) = api.post("dev", again)["errors"]
    assert error["extensions"]["limit"] == "rows"

    new = {"name": "red", "memberIds": [api.id("User", n) for n in ("ann", "bob", "dev")]}
    made = api.change("admin", "createTeam", new, "team { members { teams { name } } }")
    assert len(made["team"]["members"]) == 3


def test_so_deep_that_nobody_counts(small_api: Api) -> None:
    for document in ("{a" * 900, "{ nodes(ids: " + "[" * 900):
        assert refusal(small_api, document)["limit"] == "depth"


def test_clients_own_introspection_passes_and_can_be_switched_off(make: Make) -> None:
    for options in (
        {},
        {
            "specified_by_url": True,
            "input_value_deprecation": True,
            "directive_is_repeatable": True,
        },
    ):
        document = get_introspection_query(**options)
        assert "__schema" in make().post(None, document)["data"]
        (error,) = make(introspection=False).post(None, document)["errors"]
        assert error["extensions"] == {"code": "INTROSPECTION_DISABLED"}
    assert make(introspection=False).post(None, "{ __typename }")["data"] is not None


def test_five_errors_of_a_document_are_told_and_none_at_length(small_api: Api) -> None:
    unknown = " ".join(f"x{n}" for n in range(15))
    assert len(small_api.post(None, f"{{ {unknown} }}")["errors"]) == 5

    long = " ".join(f"x{n}: 1" for n in range(500))
    answer = small_api.post(None, f"{{ releases(filter: {{ {long} }}) {{ totalCount }} }}")
    assert max(len(error["message"]) for error in answer["errors"]) < 510


def test_an_operation_has_a_bounded_time(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    api = make(seconds=0.05)
    clock = type(api.world.clock)
    told = clock.now

    def slow(self: Any, connection: Any) -> Any:
        import time

        time.sleep(0.3)
        return told(self, connection)

    token = api.token("dev")
    monkeypatch.setattr(clock, "now", slow)
    answer = api.client.post(
        "/graphql",
        json={"query": "{ viewer { permissions } }"},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"] == {
        "code": "TIMED_OUT",
        "limit": "seconds",
        "allowed": 0.05,
    }
