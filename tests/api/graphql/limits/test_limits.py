"""What is too much is refused before it runs, by the limit's name and by what was asked."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import get_introspection_query

from api.graphql.limits.config import Limits
from tests.support.api import Api, make_api
from tests.support.world import World

Make = Callable[..., Api]

NOT_COUNTED_TO_THE_END = {"tokens", "comparisons"}


@pytest.fixture
def make(small_world: World) -> Iterator[Make]:
    """The API with limits of one's own."""
    runtimes = []

    def limited(**limits: Any) -> Api:
        api, runtime = make_api(small_world, limits=Limits(**limits))
        runtimes.append(runtime)
        return api

    yield limited
    for runtime in runtimes:
        runtime.executor.shutdown()


def refusal(api: Api, document: str, name: str | None = "dev", **variables: Any) -> dict[str, Any]:
    """The extensions of the one error of an operation that did not run."""
    answer = api.post(name, document, **variables)
    (error,) = answer["errors"]
    assert "data" not in answer
    extensions: dict[str, Any] = error["extensions"]
    for number in ("allowed", "actual"):
        assert str(extensions[number]) in error["message"]
    assert ("or more" in error["message"]) == (extensions["limit"] in NOT_COUNTED_TO_THE_END)
    return extensions


def exceeded(limit: str, allowed: int, requested: int) -> dict[str, Any]:
    return {"code": "LIMIT_EXCEEDED", "limit": limit, "allowed": allowed, "actual": requested}


FRAGMENTS = "".join(f"fragment F{n} on User {{ id }} " for n in range(4))
IN_FRAGMENT = "fragment R on Query { a: __typename b: __typename c: __typename } "


@pytest.mark.parametrize(
    ("limit", "allowed", "document", "requested"),
    [
        ("depth", 3, "{ viewer { user { teams { name } } } }", 4),
        ("depth", 3, "{ __schema { types { fields { name } } } }", 4),
        ("depth", 3, "{ ...A } fragment A on Query { viewer { user { teams { id } } } }", 4),
        ("aliases", 2, "{ a: __typename b: __typename c: __typename }", 3),
        ("directives", 1, "{ __typename @skip(if: false) @include(if: true) }", 2),
        ("definitions", 4, FRAGMENTS + "{ viewer { user { ...F0 ...F1 ...F2 ...F3 } } }", 5),
        ("fields", 9, FRAGMENTS + "{ viewer { user { ...F0 ...F1 ...F2 ...F3 } } }", 10),
        ("fields", 4, IN_FRAGMENT + "{ ...R ...R }", 9),
        ("comparisons", 2, "{ viewer { user { id } } viewer { user { id ... { id } } } }", 5),
        ("comparisons", 0, "{ ...R ...R } fragment R on Query { __typename }", 1),
        ("root_fields", 2, "{ a: __typename b: __typename c: __typename }", 3),
        ("root_fields", 2, IN_FRAGMENT + "{ ...R }", 3),
        ("tokens", 9, "{ a b c d e f g h }", 10),
    ],
)
def test_a_document_has_a_bounded_shape(
    make: Make, limit: str, allowed: int, document: str, requested: int
) -> None:
    assert refusal(make(**{limit: allowed}), document) == exceeded(limit, allowed, requested)
    assert "errors" not in make(**{limit: requested}).post("dev", document) or limit == "tokens"


@pytest.mark.parametrize(
    ("document", "limit", "requested"),
    [
        ("{ " + "__typename " * 9000 + "}", "tokens", 4001),
        ("{ viewer { user { " + "id " * 900 + "} } }", "comparisons", 10_001),
    ],
)
def test_what_is_far_too_much_is_not_counted_to_the_end_and_says_so(
    small_api: Api, document: str, limit: str, requested: int
) -> None:
    error = refusal(small_api, document)
    assert (error["limit"], error["actual"]) == (limit, requested)


@pytest.mark.parametrize(
    ("document", "variables", "requested"),
    [
        ("{ releases(first: 5) { edges { node { history(first: 9) { edges { cursor } } } } } }",
         {}, 56),
        ("query ($n: Int) { releases(last: $n) { edges { node { id } } } }", {"n": 100}, 101),
        # An integer may be written as 100.0, which GraphQL takes as it is.
        ("query ($n: Int) { releases(last: $n) { edges { node { id } } } }", {"n": 100.0}, 101),
        ("query ($n: Int) { releases(last: $n) { edges { node { id } } } }", {"n": 1e300}, 101),
        ("query ($n: Int = 50) { releases(first: $n) { edges { node { id } } } }", {}, 51),
        ("{ releases { edges { cursor } } }", {}, 21),
        ("{ teams(first: 2) { edges { node { members { teams { members { id } } } } } } }",
         {}, 2223),
        ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 30}, 30),
        # What is empty costs as much as one.
        ("{ nodes(ids: []) { ... on Team { members { teams { id } } } } }", {}, 111),
        ("{ releases(first: 0) { edges { node { team { members { id } } } } } }", {}, 13),
        ("query ($n: Int) { releases(last: $n) { edges { node { team { members { id } } } } } }",
         {"n": 0}, 13),
        ("{ releases { ...P } } fragment P on ReleaseConnection { edges { node { id } } }",
         {}, 21),
    ],
)  # fmt: skip
def test_page_sizes_multiply(
    make: Make, document: str, variables: dict[str, Any], requested: int
) -> None:
    assert refusal(make(cost=9), document, **variables) == exceeded("cost", 9, requested)


def test_a_page_of_100_with_nested_pages_of_100_is_refused_before_it_runs(small_api: Api) -> None:
    nested = "{ edges { node { history(first: 100) { edges { node { id } } } } } }"
    error = refusal(small_api, f"{{ releases(first: 100) {nested} }}", name=None)

    assert (error["limit"], error["actual"]) == ("cost", 10201)


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
    payload = api.change("admin", "createTeam", new, "team { members { teams { name } } }")
    assert len(payload["team"]["members"]) == 3


def test_a_cost_beyond_the_integers_of_json_is_told_as_far_as_they_go(make: Make) -> None:
    circle = "{ name }"
    for _ in range(9):
        circle = f"{{ teams {{ members {circle} }} }}"

    (error,) = make(depth=30).post(None, f"{{ viewer {{ user {circle} }} }}")["errors"]

    assert error["extensions"] == exceeded("cost", 10_000, 2**53 - 1)
    assert f"{2**53 - 1} or more were asked for" in error["message"]


def test_so_deep_that_nobody_counts(small_api: Api) -> None:
    for document in ("{a" * 900, "{ nodes(ids: " + "[" * 900):
        (error,) = small_api.post("dev", document)["errors"]
        assert error["extensions"] == exceeded("depth", 16, 100)
        assert "100 or more were asked for, 16 are allowed" in error["message"]


def bomb(levels: int, repeats: int) -> str:
    """Fragments that name one field over and over: written out, they double with every level."""
    document = "{ releases(first: 0) { edges { node { team { ...F0 } } } } } "
    kinds = [("Team", "members"), ("User", "teams")]
    for level in range(levels):
        on, name = kinds[level % 2]
        inner = f"...F{level + 1}" if level < levels - 1 else "id"
        document += f"fragment F{level} on {on} {{ {f'{name} {{ {inner} }} ' * repeats} }} "
    return document


@pytest.mark.parametrize("name", [None, "dev"])
def test_what_doubles_with_every_level_is_refused_whatever_its_page_sizes(
    small_api: Api, name: str | None
) -> None:
    error = refusal(small_api, bomb(levels=3, repeats=20), name)
    # From the last fragment to the operation: 40, 20 * 41, 20 * 821, and 4 more than that.
    assert error == exceeded("fields", 5000, 33_704)
    assert refusal(small_api, bomb(levels=10, repeats=20), name)["limit"] == "fields"


def test_repeats_that_multiply_along_the_way_are_refused_before_they_are_compared(
    small_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated: list[object] = []
    monkeypatch.setattr("api.graphql.documents.validate", lambda *_, **__: validated.append(1))
    members = "members { id } " * 20
    teams = f"teams {{ {members} }} " * 20

    error = refusal(small_api, f"{{ viewer {{ user {{ {teams} }} }} }}")

    assert (error["limit"], error["allowed"], validated) == ("comparisons", 10_000, [])


@pytest.mark.parametrize("spreads", ["...F", "teams { members { ...F } }"])
def test_a_fragment_without_an_end_is_refused_before_it_is_written_out(
    small_api: Api, spreads: str
) -> None:
    answer = small_api.post(
        None, f"{{ viewer {{ user {{ ...F }} }} }} fragment F on User {{ {spreads} }}"
    )
    (error,) = answer["errors"]
    assert error["message"] == "Cannot spread fragment 'F' within itself."
    assert error["extensions"] == {"code": "VALIDATION_FAILED"}


def test_fragments_of_many_components_pass(small_api: Api) -> None:
    spread = " ".join(f"...C{n}" for n in range(30))
    each = "__typename id name status team { __typename id name members { __typename id name } }"
    components = " ".join(f"fragment C{n} on Release {{ {each} }}" for n in range(30))

    assert "errors" not in small_api.post(
        "dev", f"{{ releases(first: 5) {{ edges {{ node {{ {spread} }} }} }} }} {components}"
    )


@pytest.mark.parametrize("digits", [101, 5000])
def test_an_integer_has_a_bounded_length(small_api: Api, digits: int) -> None:
    document = f"{{ releases(first: {'9' * digits}) {{ totalCount }} }}"
    assert refusal(small_api, document) == exceeded("digits", 100, digits)


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
    real_now = clock.now

    def slow(self: Any, connection: Any) -> Any:
        import time

        time.sleep(0.3)
        return real_now(self, connection)

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
