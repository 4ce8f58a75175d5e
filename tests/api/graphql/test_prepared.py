"""A prepared operation answers, byte for byte, what graphql-core answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from api.graphql.limits.config import Limits
from api.graphql.schema import schema
from api.graphql.types.account import Viewer
from api.graphql.types.people import Team, User
from api.runtime.runtime import Runtime
from engine.persistence.db.database import Database
from tests.api.graphql.operations import MUTATIONS, QUERIES, mutation, query, ways
from tests.support.api import Api, make_api
from tests.support.databases import Templates
from tests.support.world import World, make_world

#: Queries of which graphql-core executes even the plain fields: an interface has no class of its
#: own, and the others have a field with a resolver, such as the viewer's channels, a certificate's
#: PEM, or a signature's value in another form.
EXECUTED_QUERIES = {"node", "nodes", "viewer", "certificates", "signatures"}
VIEWER = "{ viewer { user { id name } } }"
#: What a masked bug has of its own.
_BUG_ID = re.compile(r"[0-9a-f]{16}")


@pytest.fixture
def world(templates: Templates) -> Iterator[World]:
    """An account with a release that was signed in, on SQLite."""
    with templates.fresh("sqlite") as url:
        database = Database(url)
        world = make_world(database)
        world.things["release"] = world.approved()
        world.clock.pass_(hours=1)
        world.sign("dev")
        world.add_user("chief", "ADMIN", "LEAD", "AUDITOR")
        world.add_user("nobody")
        yield world
        database.dispose()


@dataclass(frozen=True)
class Answer:
    """What a client is told, and how the operation was counted."""

    status: int
    headers: dict[str, str]
    body: str
    counts: dict[tuple[str, ...], float]


@dataclass(frozen=True)
class BothWays:
    """Sends operations to be run as prepared ones, and to be executed by graphql-core."""

    api: Api
    runtime: Runtime
    limits: Limits

    def same(self, name: str | None, text: str, /, **variables: Any) -> Any:
        """The body of an answer, which is the same both ways."""
        executed = self.answer(name, text, variables, prepared=False)
        assert self.answer(name, text, variables, prepared=True) == executed, text
        return json.loads(executed.body)

    def answer(self, name: str | None, text: str, variables: Any, *, prepared: bool) -> Answer:
        headers = {"Authorization": f"Bearer {self.api.token(name)}"} if name else {}
        before, body = self._counts(), {"query": text, "variables": variables}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(schema, "runs_prepared", prepared)
            response = self.api.client.post("/graphql", json=body, headers=headers)
        counts = {labels: n - before.get(labels, 0) for labels, n in self._counts().items()}
        content = response.text
        if '"BUG"' in content:  # each has an id of its own
            content = _BUG_ID.sub("BUG", content)
        return Answer(response.status_code, dict(response.headers), content, counts)

    def is_prepared(self, text: str) -> bool:
        """Whether the operation, which somebody has sent, is run as a prepared one."""
        operation = schema._documents.read(text, self.limits).operation(None)
        assert operation.is_prepared
        return operation.prepared is not None

    def _counts(self) -> dict[tuple[str, ...], float]:
        return {
            (sample.name, *sample.labels.values()): sample.value
            for metric in self.runtime.meter.registry.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        }


@contextmanager
def both_ways(world: World, **limits: Any) -> Iterator[BothWays]:
    """Without a limit on how often one may ask."""
    limits_ = Limits(rate=0, **limits)
    api, runtime = make_api(world, limits=limits_)
    with api.client:
        yield BothWays(api, runtime, limits_)
    runtime.executor.shutdown()


@pytest.fixture
def both(world: World) -> Iterator[BothWays]:
    with both_ways(world) as both:
        yield both


@pytest.fixture
def ids(both: BothWays) -> dict[str, str]:
    """The global id of something of each type."""
    found = {"Release": "release", "Keypair": "vault", "Team": "blue", "User": "dev"}
    return {kind: both.api.id(kind, name) for kind, name in found.items()}


@pytest.mark.parametrize(
    "people",
    [
        pytest.param(["chief"], id="who sees all"),
        pytest.param(["dev", None], id="others", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_answered_alike(
    both: BothWays, ids: dict[str, str], name: str, people: list[str | None]
) -> None:
    for way in ways(name):
        for depth in (0, 1):
            text, variables = query(name, lambda _, kind: ids.get(kind, "a"), way, depth)
            for person in people:
                both.same(person, text, **variables)
            assert depth or both.is_prepared(text) is (name not in EXECUTED_QUERIES)


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_refused_mutation_is_answered_alike(both: BothWays, name: str) -> None:
    text, variables = mutation(name, lambda _, kind: "a", depth=0)
    both.same(None, text, **variables)
    both.same("nobody", text, input={"nonsense": True})
    if name != "createApiToken":  # which everybody may
        both.same("nobody", text, **variables)
        assert both.is_prepared(text)


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        (VIEWER, True),
        ("query Who { me: viewer { who: user { ...U } } } fragment U on User { id name }", True),
        ("{ ...Q } fragment Q on Query { viewer { user { id } user { name } } }", True),
        ("{ viewer { user { id } } viewer { user { name } } }", True),
        ("query ($yes: Boolean = true) { viewer { user { id name @include(if: $yes) } } }", False),
        ("{ viewer { user { id } } teams { totalCount } }", False),
        ("{ a: viewer { user { id } } b: viewer { user { id } } }", False),
        ("{ __typename }", False),
        ("{ __schema { queryType { name } } }", False),
        ("{ releases { edges { node { history(first: 1) { totalCount } } } } }", False),
        ("{ releases(first: 1) { totalCount edges { node { name team { name } } } } }", True),
    ],
)
def test_what_is_ordinary(both: BothWays, text: str, prepared: bool) -> None:
    assert "errors" not in both.same("chief", text)
    assert both.is_prepared(text) is prepared


RELEASES = "query ($first: Int, $by: ReleaseOrder) { releases(first: $first, orderBy: $by) {"
RELEASES += " totalCount edges { node { name } } } }"


@pytest.mark.parametrize(
    ("variables", "fits"),
    [
        ({}, True),
        ({"first": 1, "other": 2}, True),
        ({"first": None}, True),
        ({"by": {"direction": "ASC"}}, True),
        ({"first": "many"}, False),
        ({"first": 2**40}, False),
        ({"by": {"direction": "UP"}}, False),
        ({"by": {"length": 1}}, False),
        ({"first": True, "by": 7}, False),
        ({"first": 1000}, False),
    ],
)
def test_variables(both: BothWays, variables: dict[str, Any], fits: bool) -> None:
    assert ("errors" in both.same("chief", RELEASES, **variables)) is not fits
    assert both.is_prepared(RELEASES)


@pytest.mark.parametrize("changed", [{"id": None}, {"name": None}, {"name": 7}, {"id": object()}])
def test_a_value_that_does_not_fit(
    both: BothWays, changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "of", classmethod(lambda cls, row: _user(row, changed)))
    both.same("chief", VIEWER)
    assert both.is_prepared(VIEWER)


_USER_OF = User.of


def _user(row: Any, changed: dict[str, Any]) -> User:
    user = _USER_OF(row)
    for name, value in changed.items():
        setattr(user, name, value)
    return user


def test_an_object_of_another_class(both: BothWays, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(Viewer):
        pass

    monkeypatch.setattr("api.graphql.queries.nodes.Viewer", Other)
    both.same("chief", VIEWER)


def test_a_bug_in_a_resolver(both: BothWays, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(User, "of", break_down)
    nullable = "query ($id: ID!) { release(id: $id) { requestedBy { id } } }"
    for text in (VIEWER, nullable):
        answer = both.same("chief", text, id=both.api.id("Release", "release"))
        assert answer["errors"][0]["extensions"]["code"] == "BUG"


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_the_limit_on_rows(world: World, rows: int) -> None:
    text = "{ viewer { permissions user { id } } }"
    with both_ways(world, rows=rows) as both:
        answer = both.same("chief", text)
        assert answer["errors"][0]["extensions"]["limit"] == "rows"
        assert both.is_prepared(text)


def test_the_limit_on_time(world: World) -> None:
    with both_ways(world, seconds=0) as both:
        answer = both.same("chief", VIEWER)
        assert answer["errors"][0]["extensions"]["code"] == "TIMED_OUT"


CREATE_TEAM = """mutation ($input: CreateTeamInput!) {
  createTeam(input: $input) { team { id name } errors { code } } }"""


def test_a_mutation_whose_answer_does_not_fit_ran_once(
    both: BothWays, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless(row: Any) -> Team:
        team = team_of(row)
        team.name = None  # type: ignore[assignment]
        return team

    team_of = Team.of
    monkeypatch.setattr(Team, "of", nameless)
    world, answers = both.api.world, []
    both.api.token("admin")
    members = [both.api.id("User", person) for person in ("ann", "bob", "dev")]
    for name, prepared in (("green", False), ("amber", True)):
        before, input_ = len(world.ledger()), {"name": name, "memberIds": members}
        answer = both.answer("admin", CREATE_TEAM, {"input": input_}, prepared=prepared)
        assert len(world.ledger()) == before + 1
        answers.append(answer)
    assert answers[0] == answers[1]
    assert '"path":["createTeam","team","name"]' in answers[0].body
    assert both.is_prepared(CREATE_TEAM)
