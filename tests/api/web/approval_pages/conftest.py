"""A world with an outbox, and a browser for the pages behind its links."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.support.approval_pages import client_of
from tests.support.notices import notices, outbox_world
from tests.support.world import World

__all__ = ["notices", "outbox_world"]


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    """Opens the pages of that world."""
    with client_of(world) as client:
        yield client
