"""A world whose changes are told: its outbox, and shorthand to look into it."""

import pytest

from engine.persistence.db.database import Database
from tests.support.deliverer import Deliverer
from tests.support.notices import Notices, outbox_world
from tests.support.world import World


@pytest.fixture
def world(database: Database) -> World:
    """The small account, with an outbox."""
    return outbox_world(database)


@pytest.fixture
def notices(world: World) -> Notices:
    """What the outbox of that world holds."""
    return Notices(world)


@pytest.fixture
def post(world: World) -> Deliverer:
    """Delivers what that outbox holds, without a network."""
    return Deliverer(world)
