"""What other people's tools make of the schema."""

import json
from pathlib import Path

import pytest

from tests.support.api import Api
from tests.support.node import run_node

# The first of them installs what the lock file pins.
pytestmark = pytest.mark.timeout(300)

SCHEMA = str(Path(__file__).parents[3] / "api/graphql/schema.graphql")


def test_graphql_eslint_has_nothing_to_say() -> None:
    found = json.loads(run_node("lint.mjs", SCHEMA))

    assert found["told"] == []
    assert len(found["rules"]) >= 24


def test_a_generated_typed_client_compiles_and_works(small_api: Api, server: str) -> None:
    small_api.world.request()
    output = run_node("codegen.mjs", SCHEMA, f"{server}/graphql", small_api.token("dev"))

    assert json.loads(output) == {"total": 1, "name": "Falcon 1.0", "status": "REJECTED"}
