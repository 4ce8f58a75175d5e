"""What it costs PostgreSQL to find whose turn it is: it takes a queue for almost empty."""

import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from notifications import tables as n
from notifications.delivery.claim import ClaimRequest, claim_deliveries
from notifications.delivery.lease import RetryPolicy
from notifications.vocabulary import MessageKind
from tests.notifications.delivery.test_many import fill
from tests.support.explaining import explained
from tests.support.world import World


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_however_long_the_queue_is_it_is_gone_through_once(world: World) -> None:
    fill(world, people=40, each=5)
    with explained("UPDATE deliveries") as plans:
        claimed = claim_deliveries(world.system, ClaimRequest(limit=16), RetryPolicy())
    assert len({row.user_id for row in claimed}) == 16
    (plan,) = plans
    # Once for each that is claimed, at most.
    assert 1 <= max(int(times) for times in re.findall(r"loops=(\d+)", plan)) <= 16, plan


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_whose_turn_it_is_about_a_release_is_looked_up_by_an_index(world: World) -> None:
    world.approved()
    d = n.deliveries
    with world.system.database.writing() as connection:
        connection.execute(d.delete().where(d.c.kind == MessageKind.REQUEST))
        rows = connection.execute(sa.select(d)).all()
        later = [
            dict(row._mapping) | {"id": UUID(int=row.id.int + number)}
            for row in rows
            for number in range(1, 200)
        ]
        connection.execute(d.insert(), later)
        connection.commit()

    with explained("UPDATE deliveries") as plans:
        claimed = claim_deliveries(world.system, ClaimRequest(limit=16), RetryPolicy())

    assert sorted(row.id for row in claimed) == sorted(row.id for row in rows)
    assert len(rows) == 3
    (plan,) = plans
    assert "Index Only Scan using ix_deliveries_lane" in plan, plan
    # Of each delivery that is looked at, the first of its lane: no more than one row.
    (number,) = re.findall(r"ix_deliveries_lane .*rows=([\d.]+) loops=600", plan)
    assert float(number) == 1, plan
