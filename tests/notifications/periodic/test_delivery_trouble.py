"""Messages that do not arrive are in the ledger, each counted once."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from api.graphql.ids import to_global
from notifications.outbox.trouble import DeliveryTroubleReported
from notifications.periodic.delivery_trouble import (
    FAILING_AFTER,
    REPORTED_WITHIN,
    DeliveryTrouble,
)
from notifications.tables import deliveries
from notifications.vocabulary import DeliveryState
from notifications.webhooks.outbox import WebhookOutbox
from tests.support.notices import Notices, with_outbox
from tests.support.webhooks import Hooks
from tests.support.world import World, make_world

REFUSED = {"last_error": "the server refuses it"}


def report(world: World) -> int:
    return asyncio.run(DeliveryTrouble(world.system, world.executor).run_once())


def reports(world: World) -> list[dict[str, Any]]:
    """What the ledger says of messages that do not arrive."""
    entries = world.ledger(tag=DeliveryTroubleReported.tag)
    return [json.loads(row.body)["details"] for row in entries]


def write(world: World, *where: sa.ColumnElement[bool], **values: Any) -> None:
    with world.system.database.writing() as connection:
        connection.execute(deliveries.update().where(*where).values(**values))
        connection.commit()


def fail(world: World, *where: sa.ColumnElement[bool]) -> None:
    now = world.clock.instant
    write(world, *where, state=DeliveryState.FAILED, settled_at=now, **REFUSED)


def trouble_of(failing: int, failed: int, channel: str = "email") -> dict[str, Any]:
    return {"channel": channel, "failing": failing, "failed": failed}


def test_what_fails_for_a_while_and_then_for_good_is_reported_once_each(
    world: World, notices: Notices
) -> None:
    world.request()
    assert len(notices.rows()) == 2
    write(world, **REFUSED)
    assert report(world) == 0, "it may be sent any minute"

    world.clock.pass_(seconds=FAILING_AFTER.total_seconds())
    assert (report(world), report(world)) == (2, 0)
    assert reports(world) == [trouble_of(failing=2, failed=0)]

    bob = deliveries.c.user_id == world.people["bob"]
    fail(world, bob)
    assert (report(world), report(world)) == (1, 0)
    write(world, ~bob, state=DeliveryState.SENT)
    assert report(world) == 0
    assert reports(world)[1:] == [trouble_of(failing=0, failed=1)]
    assert [row.actor_id for row in world.ledger(tag=DeliveryTroubleReported.tag)] == [None, None]


def test_what_waits_or_arrived_is_no_trouble(world: World, notices: Notices) -> None:
    world.request()
    world.clock.pass_(days=2)
    before = world.snapshot()
    assert report(world) == 0
    assert world.snapshot() == before


def test_what_failed_long_ago_is_no_news(world: World) -> None:
    world.request()
    fail(world)
    world.clock.pass_(seconds=(REPORTED_WITHIN + timedelta(seconds=1)).total_seconds())
    assert report(world) == 0


@pytest.mark.anyio
async def test_workers_at_the_same_time_report_it_once(world: World, notices: Notices) -> None:
    world.request()
    fail(world)
    workers = [DeliveryTrouble(world.system, world.executor) for _ in range(4)]
    counts = await asyncio.gather(*(worker.run_once() for worker in workers))
    assert sorted(counts) == [0, 0, 0, 2]
    assert reports(world) == [trouble_of(failing=0, failed=2)]


def test_webhooks_hear_of_mail_and_never_of_webhooks(world: World) -> None:
    hooks = Hooks(world)
    with_outbox(world, WebhookOutbox(to_global))
    hooks.make("hook", "https://hook.example.com/", "*")
    world.request()
    assert len(hooks.rows()) == 2, "of itself, and of the request"
    fail(world)
    assert report(world) == 4
    assert reports(world) == [
        trouble_of(failing=0, failed=2),
        trouble_of(failing=0, failed=2, channel="webhook"),
    ]
    (row,) = hooks.rows(state=DeliveryState.QUEUED)
    body = json.loads(row.facts)
    assert body["type"] == "delivery.trouble.reported"
    assert body["data"]["details"] == trouble_of(failing=0, failed=2)


def test_an_account_in_trouble_keeps_no_other_waiting(world: World) -> None:
    other = with_outbox(make_world(world.system.database, account="Other"))
    other.clock = world.clock
    for each in (world, other):
        each.request()
    fail(world)
    assert report(world) == 4
    assert reports(world) == reports(other) == [trouble_of(failing=0, failed=2)]
