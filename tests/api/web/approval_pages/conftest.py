"""A world with an outbox, and a browser for the pages behind its links."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.support.approval_pages import client_of
from tests.support.notices import Notices, with_outbox
from tests.support.world import World


@pytest.fixture
def world(world: World) -> World:
    """The small account, with an outbox."""
    return with_outbox(world)


@pytest.fixture
def notices(world: World) -> Notices:
    """What the outbox of that world holds."""
    return Notices(world)


@pytest.fixture
def browser(world: World) -> Iterator[TestClient]:
    """Opens the pages of that world."""
    with client_of(world) as client:
        yield client
