"""Who may have how many senders, and that what waits for one is not lost."""

import asyncio
import math
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from notifications.delivery import send_queue
from notifications.delivery.prepare import PreparedDelivery
from notifications.delivery.send_queue import SendQueue
from tests.support.waiting import WAIT_LIMIT_SECONDS

pytestmark = pytest.mark.anyio
LARGE, SMALL = UUID(int=1), UUID(int=2)


def delivery(account_id: UUID = LARGE, host: str = "", attempts: int = 1) -> PreparedDelivery:
    """One to a host of its own, unless it is named."""
    id_ = uuid4()
    row = SimpleNamespace(id=id_, account_id=account_id, attempts=attempts)
    return PreparedDelivery(cast("Any", row), host or f"{id_}.example.com", math.inf)


async def taken(queue: SendQueue) -> list[PreparedDelivery]:
    """Everything that senders may have now."""
    deliveries = []
    while True:
        task = asyncio.create_task(queue.take())
        await asyncio.sleep(0)
        if not task.done():
            task.cancel()
            return deliveries
        deliveries.append(await task)


@pytest.mark.parametrize(
    ("shared", "most"), [({}, 12), ({"host": "example.com"}, 10), ({"attempts": 2}, 8)]
)
async def test_no_account_no_host_and_no_retries_take_every_sender(
    shared: dict[str, Any], most: int
) -> None:
    queue = SendQueue(16)
    queue.put([delivery(**shared) for _ in range(40)])
    (other,) = others = [delivery(SMALL)]
    queue.put(others)

    handed_out = await taken(queue)

    assert len(handed_out) == most + 1
    assert handed_out[-1] is other
    assert len(queue) == 41


async def test_one_that_is_done_makes_room_for_the_next_in_order() -> None:
    queue = SendQueue(1)
    first, second = deliveries = [delivery(), delivery()]
    queue.put(deliveries)

    assert await taken(queue) == [first]
    queue.done(first)
    assert await taken(queue) == [second]
    assert [row.id for row in queue.rows] == [second.row.id]


async def test_idle_senders_are_given_what_arrives_and_cancelled_ones_nothing() -> None:
    queue = SendQueue(4)
    cancelled, waiting = (asyncio.create_task(queue.take()) for _ in range(2))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.sleep(0)

    (arrived,) = arrivals = [delivery()]
    queue.put(arrivals)

    assert await asyncio.wait_for(waiting, WAIT_LIMIT_SECONDS) is arrived


async def test_a_sender_that_waits_gets_what_another_has_made_room_for() -> None:
    queue = SendQueue(4)
    blocked = [delivery(LARGE, "example.com") for _ in range(3)]
    queue.put(blocked)
    first, _ = await taken(queue)
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    (other,) = others = [delivery(SMALL)]

    queue.done(first)
    queue.put(others)

    assert await asyncio.wait_for(waiting, WAIT_LIMIT_SECONDS) is blocked[2]
    assert await queue.take() is other


async def test_what_nobody_has_begun_is_given_back() -> None:
    queue = SendQueue(1)
    first, second = deliveries = [delivery(), delivery()]
    queue.put(deliveries)
    assert await queue.take() is first

    assert queue.clear() == [second]
    assert [row.id for row in queue.rows] == [first.row.id]


async def test_an_account_that_finishes_nothing_is_saturated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = SendQueue(16)
    queue.put([delivery() for _ in range(12)])
    queue.put([delivery(SMALL)])
    assert queue.saturated_accounts() == {LARGE}

    queue.done(await queue.take())
    queue.put([delivery()])
    assert queue.saturated_accounts() == frozenset()

    monkeypatch.setattr(send_queue, "STALLED_SECONDS", -1)
    assert queue.saturated_accounts() == {LARGE}
