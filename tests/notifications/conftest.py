"""A world whose changes are told: its outbox, and shorthand to look into it."""

import pytest

from tests.support.deliverer import Deliverer
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
def post(world: World) -> Deliverer:
    """Delivers what that outbox holds, without a network."""
    return Deliverer(world)
