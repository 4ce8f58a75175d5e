"""The API on SQLite alone, where the database makes no difference, and behind a real server."""

from collections.abc import Iterator

import pytest

from engine.persistence.db.database import Database
from tests.support.api import Api, make_api, serving
from tests.support.databases import Templates
from tests.support.world import World, make_world


@pytest.fixture
def small_world(templates: Templates) -> Iterator[World]:
    """A world on SQLite."""
    with templates.fresh("sqlite") as url:
        database = Database(url)
        yield make_world(database)
        database.dispose()


@pytest.fixture
def small_api(small_world: World) -> Iterator[Api]:
    """GraphQL over it."""
    made, runtime = make_api(small_world)
    with made.client:
        yield made
    runtime.executor.shutdown()


@pytest.fixture
def server(small_api: Api) -> Iterator[str]:
    """The address of a real server of `small_api`."""
    with serving(small_api.client.app) as address:
        yield address
