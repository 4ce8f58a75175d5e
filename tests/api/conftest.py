"""The API over a world."""

from collections.abc import Iterator

import pytest

from api.graphql.schema import schema
from tests.support.api import Api, make_api
from tests.support.world import World


@pytest.fixture(
    params=[True, pytest.param(False, marks=pytest.mark.long)], ids=["prepared", "executed"]
)
def runs_prepared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """GraphQL with prepared operations, and among the long tests without them as well."""
    monkeypatch.setattr(schema, "runs_prepared", request.param)


@pytest.fixture
def api(world: World, runs_prepared: None) -> Iterator[Api]:
    """GraphQL over the world, on both databases."""
    api, runtime = make_api(world)
    with api.client:
        yield api
    runtime.executor.shutdown()
