"""What it costs PostgreSQL to find whose turn it is: it takes a queue for almost empty."""

import re

import pytest

from notifications import claims
from notifications.claims import Policy, Wanted
from tests.notifications.test_many import fill
from tests.support.explaining import explained
from tests.support.world import World


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_however_long_the_queue_is_it_is_gone_through_once(world: World) -> None:
    fill(world, people=40, each=5)
    with explained("UPDATE deliveries") as plans:
        claimed = claims.claim(world.system, Wanted(limit=16), Policy())
    assert len({row.user_id for row in claimed}) == 16
    (plan,) = plans
    # Once for each that is claimed, at most.
    assert 1 <= max(int(times) for times in re.findall(r"loops=(\d+)", plan)) <= 16, plan
