"""What is selected is looked at once, and for nobody who may not ask."""

from typing import Any

import pytest

from api.graphql import selection
from api.graphql.limits.config import Limits
from tests.api.graphql.limits.test_limits import bomb
from tests.api.graphql.test_statements import counting
from tests.support.api import Api, make_api
from tests.support.world import World


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The nodes that selecting looks at, each time it does."""
    seen: list[Any] = []
    is_skipped = selection._is_skipped

    def look(node: Any, operation: Any) -> bool:
        seen.append(node)
        return is_skipped(node, operation)

    monkeypatch.setattr(selection, "_is_skipped", look)
    return seen


def test_nodes_of_one_field_are_planned_together(small_world: World, looked_at: list[Any]) -> None:
    far = 10**9
    limits = Limits(fields=far, comparisons=far, cost=far)
    api, runtime = make_api(small_world, limits=limits)

    api.ask("dev", bomb(levels=3, repeats=5))

    # edges, node, team and the spread; then five fields a level, and what stands in each of them.
    assert len(looked_at) == 4 + 5 + (1 + 4 + 5) + (1 + 4 + 5) + 5
    runtime.executor.shutdown()


def test_nobody_has_a_plan_made(small_api: Api, looked_at: list[Any]) -> None:
    for document in (
        "{ releases { totalCount } }",
        'mutation { revokeApiToken(input: {id: "a"}) { errors { code } } }',
    ):
        (error,) = small_api.post(None, document)["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"

    assert looked_at == []


def test_the_same_field_with_other_arguments_is_another_call(
    small_api: Api, small_world: World
) -> None:
    small_world.request()
    first = "a: history(first: 1) { edges { cursor } }"
    last = "b: history(last: 2) { edges { node { tag } } } b: history(last: 2) { totalCount }"
    data = small_api.ask("dev", f"{{ releases {{ edges {{ node {{ {first} {last} }} }} }} }}")
    node = data["releases"]["edges"][0]["node"]

    assert len(node["a"]["edges"]) == 1
    assert len(node["b"]["edges"]) == min(2, node["b"]["totalCount"])
    assert node["b"]["edges"][0]["node"]["tag"] == "release:requested"


def test_an_object_that_two_fields_lead_to_has_what_both_select(
    small_api: Api, small_world: World
) -> None:
    release_id = small_world.request()
    small_world.decide("ann", release_id)
    pages = "history(first: 1) { edges { node { actor { name } } } }"
    again = "history(first: 1) { totalCount edges { node { tag } } }"
    data = small_api.ask(
        "dev",
        f"""{{ releases {{ edges {{ node {{
          approval {{ decisions {{ approver {{ name }} }} }} {pages}
          keypairs {{ heldBy {{ approval {{ received decisions {{ verdict }} }} {again} }} }}
        }} }} }} }}""",
    )
    node = data["releases"]["edges"][0]["node"]
    held_by = node["keypairs"][0]["heldBy"]

    assert node["approval"] == {"decisions": [{"approver": {"name": "Ann"}}]}
    assert held_by["approval"] == {"received": 1, "decisions": [{"verdict": "APPROVE"}]}
    assert node["history"]["edges"][0]["node"]["actor"]["name"] == "Ann"
    assert held_by["history"]["totalCount"] == 2


def test_an_approval_is_counted_only_where_that_is_selected(
    small_api: Api, small_world: World
) -> None:
    small_world.decide("ann", small_world.request())
    statements = {}
    for fields in ("required", "required decisions { verdict }", "required received"):
        with counting(small_world) as sent:
            small_api.ask(
                "dev", f"{{ releases {{ edges {{ node {{ approval {{ {fields} }} }} }} }} }}"
            )
        statements[fields] = len(sent)
    bare, with_decisions, with_counts = statements.values()
    assert bare < with_decisions < with_counts


def test_no_query_reads_sealed_keys_or_hashes_of_secrets(
    small_api: Api, small_world: World
) -> None:
    small_world.add_user("chief", "ADMIN")
    small_api.token("chief")
    lists = "keypairs { edges { node { alias } } } apiTokens { edges { node { name } } }"
    by_name = 'keypair(alias: "vault") { id }'
    with counting(small_world) as sent:
        data = small_api.ask("chief", f"{{ {lists} {by_name} }}")
        small_api.ask(
            "chief", "query ($id: ID!) { node(id: $id) { id } }", id=data["keypair"]["id"]
        )
    read = [statement.partition("FROM")[0] for statement in sent]
    assert any("alias" in columns for columns in read)
    assert not any("material" in columns or "secret_hash" in columns for columns in read)
