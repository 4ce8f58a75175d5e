"""PostgreSQL keeps in its index of reserved signatures those that were reserved, until a vacuum."""

import pytest

from engine.model.vocabulary import Status
from tests.support.explaining import explained
from tests.support.releases import release_in
from tests.support.signing import reserved, settled
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def test_while_none_is_overdue_those_that_were_reserved_are_not_visited(world: World) -> None:
    release_in(world, Status.IN_PROGRESS)
    with explained("SELECT signatures.id, signatures.keypair_id") as plans:
        reserved(world)  # nothing is reserved yet, and so nothing is looked for
        reserved(world)
        world.clock.pass_(minutes=1)
        reserved(world)
    at_first, overdue = plans
    assert "never executed" in at_first
    assert "never executed" not in overdue


def test_what_was_made_is_found_by_its_id(world: World) -> None:
    release_in(world, Status.IN_PROGRESS)
    with explained("UPDATE signatures") as plans:
        settled(world, reserved(world, number=3))
    (plan,) = plans
    assert "ix_signatures_reserved" not in plan
