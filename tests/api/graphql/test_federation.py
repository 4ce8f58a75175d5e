"""As a subgraph the API composes with others, and shows a router what `nodes` shows and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from graphql import parse, print_schema
from typer.testing import CliRunner

from api.app import schema_of
from api.cli.main import app as command_line
from api.graphql.federation import ENTITIES, SubgraphSchema, build_subgraph
from api.graphql.ids import to_global
from api.graphql.limits.config import Limits
from api.graphql.queries.nodes import MAX_NODES
from api.graphql.schema import schema
from engine.commands.credentials.api_tokens import CreateApiToken
from engine.model.vocabulary import Permission
from tests.api.test_app import settings
from tests.docs.documents import ROOT
from tests.support.api import Api, make_api, serving
from tests.support.node import run_node
from tests.support.world import World, make_world

#: The subgraph that another application serves.
BUILDS = str(ROOT / "examples/subgraph/builds.graphql")
NAMES = """
    query Names($representations: [_Any!]!) {
        _entities(representations: $representations) {
            __typename
            ... on Release { id name requestedBy { email } }
            ... on Keypair { id alias }
            ... on Team { id name members { email } }
            ... on User { id email }
        }
    }
"""


@pytest.fixture(scope="module")
def subgraph() -> SubgraphSchema:
    return build_subgraph()


@contextmanager
def serving_subgraph(world: World, subgraph: SubgraphSchema, **options: Any) -> Iterator[Api]:
    api, runtime = make_api(world, schema=subgraph, **options)
    with api.client:
        yield api
    runtime.executor.shutdown()


@pytest.fixture(
    params=[True, pytest.param(False, marks=pytest.mark.long)], ids=["prepared", "executed"]
)
def api(
    world: World,
    subgraph: SubgraphSchema,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Api]:
    monkeypatch.setattr(subgraph, "runs_prepared", request.param)
    with serving_subgraph(world, subgraph) as api:
        yield api


def key(kind: str, id_: UUID) -> dict[str, str]:
    """What a router knows of an object."""
    return {"__typename": kind, "id": to_global(kind, id_)}


def entities(api: Api, name: str, *representations: Any) -> list[Any]:
    answer = api.ask(name, NAMES, representations=list(representations))
    objects: list[Any] = answer["_entities"]
    return objects


def one_of_each(world: World) -> list[dict[str, str]]:
    ids = {
        "Release": world.request(),
        "Keypair": world.things["vault"],
        "Team": world.things["blue"],
        "User": world.people["ann"],
    }
    return [key(kind, id_) for kind, id_ in ids.items()]


# --- the schema ------------------------------------------------------------------------------


def test_the_ordinary_schema_is_the_same_with_the_subgraph_built(subgraph: SubgraphSchema) -> None:
    assert "@key" not in schema.as_str()
    assert "_entities" not in schema.as_str()
    assert print_schema(schema.core) == schema.as_str()
    again = schema.__class__(
        query=schema.query,
        mutation=schema.mutation,
        subscription=schema.subscription,
        config=schema.config,
        execution_context_class=schema.execution_context_class,
    )
    assert again.as_str() == schema.as_str()


def test_the_subgraph_has_every_type_and_field_of_the_api(subgraph: SubgraphSchema) -> None:
    ordinary, federated = schema.core.type_map, subgraph.core.type_map
    more_types = federated.keys() - ordinary.keys()
    assert more_types >= {"_Any", "_Entity", "_Service"}
    assert {name for name in more_types if not name.startswith(("_", "link__"))} == set()
    for name, type_ in ordinary.items():
        for field in getattr(type_, "fields", ()):
            assert field in federated[name].fields, (name, field)  # type: ignore[attr-defined]
    more = subgraph.core.query_type.fields.keys() - schema.core.query_type.fields.keys()  # type: ignore[union-attr]
    assert more == {"_entities", "_service"}


def test_what_a_router_asks_for_has_the_types_that_are_prescribed(subgraph: SubgraphSchema) -> None:
    assert subgraph.core.query_type is not None
    fields = subgraph.core.query_type.fields
    assert str(fields["_entities"].type) == "[_Entity]!"
    assert str(fields["_entities"].args["representations"].type) == "[_Any!]!"
    assert str(fields["_service"].type) == "_Service!"


def test_the_switch_is_off_unless_it_is_set(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'unused.db'}"
    assert schema_of(settings(url)) is schema
    assert isinstance(schema_of(settings(url, federation=True)), SubgraphSchema)


def test_the_command_line_prints_what_the_service_answers(
    api: Api, subgraph: SubgraphSchema
) -> None:
    answer = api.post(None, "{ _service { sdl } }")
    printed = CliRunner().invoke(command_line, ["schema", "--federation"])
    assert printed.exit_code == 0
    assert answer["data"]["_service"]["sdl"] == printed.stdout.removesuffix("\n")
    document = parse(printed.stdout)
    for type_ in ENTITIES:
        assert f'type {type_.__name__} implements Node @key(fields: "id"' in printed.stdout
    assert document.definitions


def test_where_introspection_is_off_the_service_does_not_show_the_schema(
    world: World, subgraph: SubgraphSchema
) -> None:
    with serving_subgraph(world, subgraph, limits=Limits(introspection=False)) as api:
        answer = api.post(None, "{ _service { sdl } }")
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "countersign schema --federation" in error["message"]
    assert answer["data"] is None


# --- entities --------------------------------------------------------------------------------


def test_entities_come_in_the_order_of_their_representations(api: Api) -> None:
    keys = one_of_each(api.world)
    answers = entities(api, "dev", *keys, keys[3], keys[0])
    assert [a["__typename"] for a in answers] == [
        "Release",
        "Keypair",
        "Team",
        "User",
        "User",
        "Release",
    ]
    assert [a["id"] for a in answers] == [k["id"] for k in [*keys, keys[3], keys[0]]]
    assert answers[0]["requestedBy"] == {"email": "dev@example.com"}
    assert answers[1]["alias"] == "vault"
    emails = {member["email"] for member in answers[2]["members"]}
    assert emails == {"ann@example.com", "bob@example.com", "dev@example.com"}


def test_two_accounts_never_meet(api: Api, subgraph: SubgraphSchema) -> None:
    keys = one_of_each(api.world)
    other = make_world(api.world.system.database, account="Other Inc")
    with serving_subgraph(other, subgraph) as stranger:
        assert entities(stranger, "admin", *keys) == [None] * 4
        own = one_of_each(other)
        both = entities(stranger, "admin", keys[0], own[0], keys[3], own[3])
    assert [entity and entity["id"] for entity in both] == [None, own[0]["id"], None, own[3]["id"]]
    assert entities(api, "admin", *own) == [None] * 4


def test_what_nodes_does_not_show_entities_do_not_show(api: Api) -> None:
    hidden = one_of_each(api.world)
    api.world.add_user("out", "DEVELOPER")
    ids = [representation["id"] for representation in hidden]
    nodes = api.ask("out", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)["nodes"]
    shown = [entity and {"id": entity["id"]} for entity in entities(api, "out", *hidden)]
    assert shown == nodes
    assert shown[0] is None


def test_a_token_sees_no_more_entities_than_its_scopes_allow(api: Api) -> None:
    keys = one_of_each(api.world)
    command = CreateApiToken(name="narrow", scopes=frozenset({Permission.SIGN}))
    api.tokens["ann"] = api.world.do("ann", command).secret
    ids = [representation["id"] for representation in keys]
    nodes = api.ask("ann", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)["nodes"]
    seen = entities(api, "ann", *keys)
    assert [entity and {"id": entity["id"]} for entity in seen] == nodes


def test_representations_may_stand_in_the_document(api: Api) -> None:
    id_ = to_global("User", api.world.people["ann"])
    literal = f'[{{ __typename: "User", id: "{id_}" }}]'
    query = f"{{ _entities(representations: {literal}) {{ ... on User {{ email }} }} }}"
    assert api.ask("dev", query) == {"_entities": [{"email": "ann@example.com"}]}


def test_anonymous_callers_get_none(api: Api) -> None:
    answer = api.post(None, NAMES, representations=one_of_each(api.world))
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer["data"] is None


def test_an_id_of_another_type_or_of_nothing_is_null(api: Api) -> None:
    release = one_of_each(api.world)[0]
    crossed = {"__typename": "User", "id": release["id"]}
    malformed = {"__typename": "Release", "id": "no id"}
    nothing = key("Keypair", UUID(int=7))
    assert entities(api, "dev", crossed, malformed, nothing, release)[:3] == [None] * 3


@pytest.mark.parametrize(
    "representation",
    [
        None,
        "Release",
        7,
        [],
        {},
        {"__typename": "Release"},
        {"id": "x"},
        {"__typename": "Release", "id": 7},
        {"__typename": "Release", "id": None},
        {"__typename": "Release", "id": {"$ne": ""}},
        {"__typename": "Session", "id": "x"},
        {"__typename": "Webhook", "id": "x"},
        {"__typename": "__Type", "id": "x"},
        {"__typename": ["Release"], "id": "x"},
    ],
    ids=json.dumps,
)
def test_what_is_no_representation_is_refused(api: Api, representation: Any) -> None:
    answer = api.post("dev", NAMES, representations=[representation])
    (error,) = answer["errors"]
    assert error["extensions"]["code"] in {"INVALID_INPUT", "INVALID_VARIABLES"}
    assert answer.get("data") is None


def test_too_many_representations_are_refused(api: Api) -> None:
    keys = [key("Release", UUID(int=number)) for number in range(MAX_NODES + 1)]
    (error,) = api.post("dev", NAMES, representations=keys)["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert str(MAX_NODES) in error["message"]


def test_each_representation_counts_toward_the_cost(world: World, subgraph: SubgraphSchema) -> None:
    keys = [key("User", UUID(int=number)) for number in range(50)]
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { id } } }"
    with serving_subgraph(world, subgraph, limits=Limits(cost=49)) as api:
        (error,) = api.post("dev", query, r=keys)["errors"]
        assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
        assert len(api.ask("dev", query, r=keys[:49])["_entities"]) == 49


def test_the_statements_do_not_grow_with_the_representations(api: Api) -> None:
    people = [key("User", api.world.people[name]) for name in ("ann", "bob", "dev", "eve")]
    keypairs = [key("Keypair", api.world.things[alias]) for alias in ("vault", "spare")]
    few = statements_of(api, [people[0], keypairs[0]])
    assert statements_of(api, [*people, *keypairs]) == few
    assert statements_of(api, [*people, *keypairs] * 10) == few


def statements_of(api: Api, representations: list[Any]) -> int:
    """How many statements an answer takes, once the caller is known."""
    entities(api, "dev", *representations)
    count = 0

    def note(*_: Any) -> None:
        nonlocal count
        count += 1

    engine = api.world.system.database._reader
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        entities(api, "dev", *representations)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return count


# --- with Apollo's own composition and gateway -----------------------------------------------


@pytest.mark.timeout(300)
@pytest.mark.long
def test_composed_into_a_supergraph_a_router_answers_across_both_subgraphs(
    small_world: World, subgraph: SubgraphSchema
) -> None:
    release = to_global("Release", small_world.request())
    other = make_world(small_world.system.database, account="Other Inc")
    foreign = to_global("Release", other.request())
    with (
        serving_subgraph(small_world, subgraph) as api,
        serving(api.client.app) as url,
    ):
        said = json.loads(
            run_node("federate.mjs", f"{url}/graphql", api.token("dev"), BUILDS, release, foreign)
        )
    assert said["composition"] == {"errors": [], "hints": []}
    assert "errors" not in said
    own, others = said["data"]["builds"]
    assert own == {
        "number": 0,
        "release": {
            "name": "Falcon 1.0",
            "requestedBy": {"email": "dev@example.com"},
            "builds": [{"number": 0}],
        },
    }
    assert others == {"number": 1, "release": None}
    assert said["operations"] == 1
