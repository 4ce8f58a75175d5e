"""Schemathesis against a running server: whatever it makes of the schema, nothing breaks.

Four examples of each operation every day and twelve in the long suite; more of each by
COUNTERSIGN_FUZZ_EXAMPLES.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
import schemathesis
from graphql.language import ast
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from api.graphql.ids import to_global
from tests.support.api import Api
from tests.support.databases import Templates
from tests.support.notices import with_outbox
from tests.support.world import World

_DEFAULT_EXAMPLES = 12 if settings.get_current_profile_name() == "long" else 4
EXAMPLES = int(os.environ.get("COUNTERSIGN_FUZZ_EXAMPLES", _DEFAULT_EXAMPLES))

INSTANTS = st.one_of(
    st.datetimes().map(lambda instant: f"{instant.isoformat()}Z"),
    st.sampled_from(["2030-06-03T13:00:00Z", "2030-06-03T15:00:00+02:00", "soon", ""]),
)
BYTES = st.one_of(st.binary(max_size=70).map(lambda raw: raw.hex()), st.just("AAEC"), st.text())


@pytest.fixture
def small_world(templates: Templates) -> Any:
    with templates.world("sqlite") as world:
        with_outbox(world)
        world.add_user("chief", "ADMIN", "LEAD", "DEVELOPER", "AUDITOR")
        world.request()
        yield world


def known_ids(world: World) -> list[str]:
    """Ids that exist, of every type, whatever the place they then stand in."""
    found = world.people | world.things | {"account": world.account_id}
    kinds = ("User", "Team", "Keypair", "Account", "Release", "Role", "ApiToken", "Delivery")
    return [to_global(kind, id_) for kind in kinds for id_ in found.values()]


@pytest.mark.timeout(1800)
def test_nothing_schemathesis_makes_breaks_the_server(small_api: Api, server: str) -> None:
    headers = {"Authorization": f"Bearer {small_api.token('chief')}"}
    ids = st.one_of(st.sampled_from(known_ids(small_api.world)), st.text(max_size=40))
    for name, values in (("DateTime", INSTANTS), ("Base64", BYTES), ("ID", ids)):
        schemathesis.graphql.scalar(name, values.map(lambda text: ast.StringValueNode(value=text)))
    schema = schemathesis.graphql.from_url(f"{server}/graphql", headers=headers)
    seen: Counter[str] = Counter()
    tested = [found.ok() for found in schema.get_all_operations()]

    with capture_logs() as logged:
        for operation in tested:
            _fuzz(operation, headers, seen)

    assert len(tested) >= 33
    assert [entry for entry in logged if entry["event"] == "bug"] == []
    # It reached the resolvers: not everything was refused before it ran.
    assert seen["ran"] > 4 * seen["not run"]


def _fuzz(operation: Any, headers: dict[str, str], seen: Counter[str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        response = case.call(headers=headers)
        assert response.status_code < 500, response.text
        body = response.json()
        codes = {error["extensions"]["code"] for error in body.get("errors", ())}
        assert "BUG" not in codes, body
        seen["ran" if "data" in body else "not run"] += 1

    call()
