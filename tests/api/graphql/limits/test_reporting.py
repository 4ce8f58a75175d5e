"""Clients learn their limits before they meet them: from headers, and from what is costly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.graphql.limits.config import Limits
from api.graphql.limits.reporting import cost_report, rate_headers
from tests.support.api import Api, make_api
from tests.support.world import World

LIMITS = Limits(rate=1, burst=20, cost=60)
SMALL = "{ viewer { user { name } } }"


@pytest.fixture
def api(small_world: World) -> Iterator[Api]:
    api, runtime = make_api(small_world, limits=LIMITS)
    with api.client:
        yield api
    runtime.executor.shutdown()


def post(api: Api, query: str, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {api.token('dev')}"}
    return api.client.post("/graphql", json={"query": query, **more}, headers=headers)


def test_the_headers_count_down_to_the_refusal(api: Api) -> None:
    remaining = []
    for _ in range(40):
        answer = post(api, SMALL)
        assert answer.headers["ratelimit-policy"] == '"operations";q=20;w=20'
        match = re.fullmatch(r'"operations";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
        assert match is not None
        remaining.append(int(match[1]))
        if answer.json().get("data") is None:
            break
    assert answer.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert remaining[0] < 20
    assert remaining == sorted(remaining, reverse=True)
    assert remaining[-1] == 0


def test_the_cost_is_answered_if_it_is_requested(api: Api) -> None:
    query = "{ keypairs(first: 50) { edges { node { id } } } }"
    assert "extensions" not in post(api, query).json()
    answer = post(api, query, extensions={"cost": True}).json()
    cost = answer["extensions"]["cost"]
    # The connection, and a row of its page.
    assert (cost["objects"], cost["allowed"]) == (51, 60)
    assert (cost["rate"]["perSecond"], cost["rate"]["burst"]) == (1, 20)
    assert 0 <= cost["rate"]["remaining"] < 20


@pytest.mark.parametrize("extensions", [{}, None, {"cost": False}, {"cost": "yes"}])
def test_otherwise_it_is_not(api: Api, extensions: Any) -> None:
    assert "extensions" not in post(api, SMALL, extensions=extensions).json()


def test_an_operation_that_costs_too_much_says_how_much(api: Api) -> None:
    query = "{ keypairs(first: 100) { edges { node { id } } } }"
    answer = post(api, query, extensions={"cost": True}).json()
    assert answer["errors"][0]["extensions"]["limit"] == "cost"
    assert answer["extensions"]["cost"]["objects"] == 101


def test_what_cannot_be_read_has_no_cost(api: Api) -> None:
    answer = post(api, "{", extensions={"cost": True}).json()
    assert answer["extensions"]["cost"]["objects"] is None


def test_without_a_limit_on_the_rate_nothing_is_said_of_it() -> None:
    free = Limits(rate=0)
    assert rate_headers(free, 0) == {}
    assert cost_report(3, free, 0) == {"objects": 3, "allowed": free.cost}


def test_more_than_all_is_never_left_nor_less_than_nothing() -> None:
    assert rate_headers(LIMITS, 27)["RateLimit"] == '"operations";r=0;t=27'
    assert rate_headers(LIMITS, 0)["RateLimit"] == '"operations";r=20;t=0'
