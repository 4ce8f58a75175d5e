"""The API on SQLite alone, where the database makes no difference, and behind a real server."""

from collections.abc import Iterator

import pytest

from tests.support.api import Api, make_api, serving
from tests.support.databases import Templates
from tests.support.world import World


@pytest.fixture
def small_world(templates: Templates) -> Iterator[World]:
    """A world on SQLite."""
    with templates.world("sqlite") as world:
        yield world


@pytest.fixture
def small_api(small_world: World, runs_prepared: None) -> Iterator[Api]:
    """GraphQL over it."""
    api, runtime = make_api(small_world)
    with api.client:
        yield api
    runtime.executor.shutdown()


@pytest.fixture
def server(small_api: Api) -> Iterator[str]:
    """The address of a real server of `small_api`."""
    with serving(small_api.client.app) as address:
        yield address
