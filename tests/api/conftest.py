"""The API over a world."""

from collections.abc import Iterator

import pytest

from tests.support.api import Api, make_api
from tests.support.world import World


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    """GraphQL over the world, on both databases."""
    made, runtime = make_api(world)
    with made.client:
        yield made
    runtime.executor.shutdown()
