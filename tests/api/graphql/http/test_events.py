"""Answers as server-sent events: the same operations, under the same rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from api.graphql.http.answers import prefers_events
from api.graphql.limits.config import Limits
from api.graphql.subscriptions.cursors import cursor_of
from engine.commands.administration.teams import UpdateTeam
from engine.commands.administration.users import UpdateUser
from engine.commands.credentials.api_tokens import CreateApiToken, RevokeApiToken
from engine.persistence.store.ledger import GENESIS
from tests.support.api import Api, make_api, serving
from tests.support.waiting import until
from tests.support.world import World

EVENTS = {"Accept": "text/event-stream"}
FOLLOW = """subscription ($id: ID, $after: String) {
  releaseEvents(releaseId: $id, after: $after) { cursor tag } }"""
#: Before the first of all, so that nothing depends on who is quicker.
BEGINNING = cursor_of(0, GENESIS)
VIEWER = "{ viewer { user { name } } }"
Told = tuple[str, Any]


@contextmanager
def streamed(
    url: str, token: str, query: str, method: str = "POST", /, **variables: Any
) -> Iterator[Iterator[Told]]:
    """The events of an operation as they come, each by its name and what it holds."""
    operation: dict[str, Any] = {"query": query, "variables": variables}
    given: dict[str, Any] = {"json": operation}
    if method == "GET":
        given = {"params": {"query": query, "variables": json.dumps(variables)}}
    headers = EVENTS | {"Authorization": f"Bearer {token}"}
    with httpx2.stream(method, f"{url}/graphql", headers=headers, timeout=20, **given) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store, no-transform"
        assert answer.headers["x-content-type-options"] == "nosniff"
        yield events_of(answer.iter_lines())


def events_of(lines: Iterator[str]) -> Iterator[Told]:
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value) if value else None


def code_of(report: Told) -> str:
    name, answer = report
    assert name == "next"
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_follows_and_resumes(
    small_api: Api, small_world: World, server: str, method: str
) -> None:
    token = small_api.token("dev")
    small_world.request()
    with streamed(server, token, FOLLOW, method, after=BEGINNING) as events:
        name, first = next(events)
        assert (name, first["data"]["releaseEvents"]["tag"]) == ("next", "release:requested")
        spare = frozenset({small_world.things["spare"]})
        small_world.request(name="Falcon 1.1", keypair_ids=spare)
        second = next(events)[1]["data"]["releaseEvents"]
    with streamed(
        server, token, FOLLOW, method, after=first["data"]["releaseEvents"]["cursor"]
    ) as events:
        assert next(events)[1]["data"]["releaseEvents"] == second


def test_what_has_one_answer_is_complete_after_it(small_api: Api, server: str) -> None:
    with streamed(server, small_api.token("dev"), VIEWER) as events:
        assert list(events) == [
            ("next", {"data": {"viewer": {"user": {"name": "Dev"}}}}),
            ("complete", None),
        ]


@pytest.mark.parametrize(
    ("method", "query", "code"),
    [
        ("POST", "{", "SYNTAX_ERROR"),
        ("POST", "subscription { nothing }", "VALIDATION_FAILED"),
        ("POST", "{ a" * 900, "LIMIT_EXCEEDED"),
        ("POST", "query A { __typename } query B { __typename }", "OPERATION_UNKNOWN"),
        ("POST", 'subscription { releaseEvents(after: "x") { tag } }', "INVALID_INPUT"),
        ("POST", 'subscription { releaseEvents(releaseId: "x") { tag } }', "NOT_FOUND"),
        ("GET", "mutation { __typename }", "METHOD_NOT_ALLOWED"),
    ],
)
def test_what_cannot_run_says_why_and_is_complete(
    small_api: Api, server: str, method: str, query: str, code: str
) -> None:
    with streamed(server, small_api.token("dev"), query, method) as events:
        assert code_of(next(events)) == code
        assert next(events) == ("complete", None)


def test_a_revoked_token_ends_it(small_world: World, server: str) -> None:
    token = small_world.do("dev", CreateApiToken(name="soon revoked"))
    small_world.request()
    with streamed(server, token.secret, FOLLOW, after=BEGINNING) as events:
        assert next(events)[1]["data"]
        small_world.do("dev", RevokeApiToken(token_id=token.token_id))
        assert code_of(next(events)) == "UNAUTHENTICATED"
        assert next(events) == ("complete", None)


def test_who_no_longer_sees_the_release_follows_it_no_longer(
    small_api: Api, small_world: World, server: str
) -> None:
    release = small_api.id("Release", small_world.request())
    token = small_api.token("bob")
    with streamed(server, token, FOLLOW, id=release, after=BEGINNING) as events:
        assert next(events)[1]["data"]["releaseEvents"]["tag"] == "release:requested"
        others = frozenset(small_world.people[name] for name in ("ann", "dev"))
        command = UpdateTeam(
            team_id=small_world.things["blue"], member_ids=others, required_approvals=1
        )
        small_world.do("admin", command)
        assert code_of(next(events)) == "NOT_FOUND"


def test_who_loses_their_roles_follows_no_longer(
    small_api: Api, small_world: World, server: str
) -> None:
    small_world.request()
    with streamed(server, small_api.token("dev"), FOLLOW, after=BEGINNING) as events:
        assert next(events)[1]["data"]
        small_world.do("admin", UpdateUser(user_id=small_world.people["dev"], roles=()))
        assert code_of(next(events)) == "FORBIDDEN"
        assert next(events) == ("complete", None)


def test_nobody_and_foreign_pages_follow_nothing(server: str) -> None:
    with streamed(server, "csn_wrong", FOLLOW) as events:
        assert code_of(next(events)) == "UNAUTHENTICATED"
    for method, given in (
        ("POST", {"json": {"query": FOLLOW}}),
        ("GET", {"params": {"query": FOLLOW}}),
    ):
        foreign: dict[str, Any] = {"headers": EVENTS | {"Origin": "https://evil.example"}} | given
        answer = httpx2.request(method, f"{server}/graphql", **foreign)
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["extensions"]["code"] == "FOREIGN_ORIGIN"
    form = httpx2.post(f"{server}/graphql", headers=EVENTS, data={"query": FOLLOW})
    assert form.status_code == 415


def test_the_number_at_once_is_limited(small_world: World) -> None:
    api, runtime = make_api(small_world, limits=Limits(subscriptions=1))
    token = api.token("dev")
    small_world.request()
    with serving(api.client.app) as url, streamed(url, token, FOLLOW, after=BEGINNING) as events:
        assert next(events)[0] == "next"
        with streamed(url, token, FOLLOW) as others:
            assert code_of(next(others)) == "LIMIT_EXCEEDED"
    runtime.executor.shutdown()


def test_the_rate_is_limited(small_world: World) -> None:
    api, runtime = make_api(small_world, limits=Limits(rate=0.01, burst=1))
    token = api.token("dev")
    with serving(api.client.app) as url:
        with streamed(url, token, VIEWER) as events:
            assert next(events)[1]["data"]
        with streamed(url, token, FOLLOW) as events:
            assert code_of(next(events)) == "RATE_LIMITED"
    runtime.executor.shutdown()


def test_who_goes_away_is_not_served_on(small_world: World) -> None:
    api, runtime = make_api(small_world)
    small_world.request()
    with serving(api.client.app) as url:
        with streamed(url, api.token("dev"), FOLLOW, after=BEGINNING) as events:
            assert next(events)[0] == "next"
            until(lambda: small_world.account_id in runtime.change_notifier._waiting)
        until(lambda: not runtime.change_notifier._waiting)
    runtime.executor.shutdown()


def test_a_server_that_ends_ends_its_streams_short_of_complete(small_world: World) -> None:
    api, runtime = make_api(small_world)
    with serving(api.client.app) as url:
        with streamed(url, api.token("dev"), FOLLOW) as events:
            runtime.ending.set()
            assert list(events) == []
        with streamed(url, api.token("dev"), VIEWER) as events:
            assert list(events) == []
    runtime.executor.shutdown()


@pytest.mark.parametrize(
    ("accept", "events"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream;q=0.5, */*;q=0.1", True),
        ("application/json;q=0.5, text/event-stream", True),
        ("text/event-stream, multipart/mixed", True),
        ("application/graphql-response+json, application/json, text/event-stream", False),
        ("application/json, text/event-stream;q=0.9", False),
        ("text/event-stream;q=0", False),
        ("text/*", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_events_are_for_those_who_would_rather_have_them(accept: str, events: bool) -> None:
    assert prefers_events(accept) is events


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_subscription_is_not_answered_in_json(small_api: Api, method: str) -> None:
    given: dict[str, Any] = {"json": {"query": FOLLOW}}
    if method == "GET":
        given = {"params": {"query": FOLLOW}}
    answer = small_api.client.request(method, "/graphql", **given)

    assert answer.status_code == 406
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "NOT_ACCEPTABLE"
    assert "text/event-stream" in error["message"]
