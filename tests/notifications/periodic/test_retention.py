"""Deliveries that were settled long ago are deleted; nothing that anybody still needs."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engine.commands.administration.users import UpdateUser
from engine.commands.releases.withdraw_release import WithdrawRelease
from notifications import tables as n
from notifications.periodic import retention
from notifications.periodic.retention import Retention
from tests.support.notices import Notices, add_administrator
from tests.support.world import World


def settle_all(world: World) -> None:
    with world.system.database.writing() as connection:
        sent = n.deliveries.update().where(n.deliveries.c.settled_at.is_(None))
        connection.execute(sent.values(state="SENT", settled_at=world.clock.instant))
        connection.commit()


@pytest.fixture
def ninety_days(world: World) -> Retention:
    return Retention(world.system, world.executor, timedelta(days=90))


def test_what_was_settled_long_ago_is_deleted(
    world: World, notices: Notices, ninety_days: Retention
) -> None:
    release = world.request()
    world.do("dev", WithdrawRelease(release_id=release))
    settle_all(world)
    add_administrator(world)
    world.do("admin", UpdateUser(user_id=world.people["eve"], name="Eva"))

    world.clock.pass_(days=90)
    assert asyncio.run(ninety_days.run_once()) == 0
    world.clock.pass_(minutes=1)
    assert asyncio.run(ninety_days.run_once()) == 5
    assert asyncio.run(ninety_days.run_once()) == 0

    # What still waits to be sent is never too old.
    assert notices.recipients() == [("meg", "ADMINISTERED")]
    assert len(notices.links(release_id=release)) == 2


def test_what_was_told_of_a_release_stays_until_it_has_ended(
    world: World, notices: Notices, ninety_days: Retention
) -> None:
    start = world.clock.instant + timedelta(days=200)
    release = world.request(starts_at=start, ends_at=start + timedelta(hours=1))
    settle_all(world)

    world.clock.pass_(days=100)
    assert asyncio.run(ninety_days.run_once()) == 0

    world.do("dev", WithdrawRelease(release_id=release))
    assert asyncio.run(ninety_days.run_once()) == 2


def test_in_small_batches(
    world: World, ninety_days: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_PER_RUN", 3)
    world.do("dev", WithdrawRelease(release_id=world.request()))
    settle_all(world)
    world.clock.pass_(days=91)

    assert [asyncio.run(ninety_days.run_once()) for _ in range(3)] == [3, 2, 0]
    with world.system.database.reading() as connection:
        assert connection.execute(sa.select(n.deliveries)).all() == []
