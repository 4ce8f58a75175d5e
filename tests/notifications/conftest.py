"""A world whose changes are told: its outbox, and shorthand to look into it."""

import pytest

from tests.support.deliverer import Deliverer
from tests.support.notices import notices, outbox_world
from tests.support.world import World

__all__ = ["notices", "outbox_world"]


@pytest.fixture
def post(world: World) -> Deliverer:
    """Delivers what that outbox holds, without a network."""
    return Deliverer(world)
