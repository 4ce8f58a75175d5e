"""Who goes first, and that nobody waits for it for ever."""

import asyncio

import pytest

from notifications.delivery.priority_gate import PriorityGate
from tests.support.waiting import WAIT_LIMIT_SECONDS

pytestmark = pytest.mark.anyio


async def test_what_nobody_holds_is_not_waited_for() -> None:
    first = PriorityGate()
    with first.held():
        pass
    waiting = first.wait()
    with pytest.raises(StopIteration):  # it is done before anything else has a turn
        waiting.send(None)


async def test_one_waits_until_it_is_let_go() -> None:
    first, went = PriorityGate(), list[str]()

    async def second() -> None:
        await first.wait()
        went.append("second")

    with first.held() as insist:
        insist()
        task = asyncio.create_task(second())
        await asyncio.sleep(0.02)
        went.append("first")
    await task
    assert went == ["first", "second"]


async def test_one_waits_for_a_moment_only_unless_the_other_insists() -> None:
    first = PriorityGate(look_seconds=0.05, hold_seconds=60)
    with first.held():
        await asyncio.wait_for(first.wait(), 10)
    with first.held() as insist:
        task = asyncio.create_task(first.wait())
        await asyncio.sleep(0.01)
        insist()
        await asyncio.sleep(0.2)
        assert not task.done()
    await asyncio.wait_for(task, 10)


async def test_one_waits_no_longer_than_patience_lasts_however_often_one_asks() -> None:
    first = PriorityGate(hold_seconds=0.05)
    with first.held() as insist:
        insist()
        await asyncio.wait_for(first.wait(), 10)
        insist()
        waiting = first.wait()
        with pytest.raises(StopIteration):
            waiting.send(None)


async def test_whoever_is_to_stop_does_not_wait_for_it() -> None:
    first, stop = PriorityGate(), asyncio.Event()
    stopping = asyncio.create_task(stop.wait())
    with first.held() as insist:
        insist()
        waiting = asyncio.create_task(first.wait(stopping))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        stop.set()
        await asyncio.wait_for(waiting, WAIT_LIMIT_SECONDS)


async def test_it_is_let_go_by_an_error_too() -> None:
    first = PriorityGate()
    with pytest.raises(ValueError, match="oops"), first.held():
        raise ValueError("oops")
    await asyncio.wait_for(first.wait(), WAIT_LIMIT_SECONDS)
