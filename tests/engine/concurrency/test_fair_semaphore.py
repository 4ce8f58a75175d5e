"""Turns: accounts one after the other, however much each of them wants."""

import asyncio
from uuid import UUID, uuid4

from engine.concurrency.fair_semaphore import FairSemaphore
from tests.support.waiting import WAIT_LIMIT_SECONDS


async def test_accounts_take_turns_and_within_one_the_first_goes_first() -> None:
    turns, large, small = FairSemaphore(1), uuid4(), uuid4()
    began: list[tuple[UUID, int]] = []

    async def work(account: UUID, number: int) -> None:
        await turns.acquire(account)
        began.append((account, number))
        await asyncio.sleep(0)
        turns.release()

    await asyncio.gather(*(work(large, n) for n in range(40)), *(work(small, n) for n in range(3)))
    assert [number for account, number in began if account == large] == list(range(40))
    assert [number for account, number in began if account == small] == [0, 1, 2]
    places = [place for place, (account, _) in enumerate(began) if account == small]
    assert places == [2, 4, 6], "one of each in turn, once all had come"


async def test_no_more_than_there_are_places() -> None:
    turns, now, most = FairSemaphore(3), 0, 0

    async def work() -> None:
        nonlocal now, most
        await turns.acquire(None)
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        turns.release()

    await asyncio.gather(*(work() for _ in range(20)))
    assert (most, now, turns.waiting) == (3, 0, 0)


async def test_who_gives_up_loses_no_turn_for_others() -> None:
    turns = FairSemaphore(1)
    await turns.acquire(None)
    waiting = [asyncio.create_task(turns.acquire(uuid4())) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    turns.release()  # the second's, at the instant at which it gives up
    waiting[1].cancel()
    await asyncio.wait_for(waiting[2], WAIT_LIMIT_SECONDS)
    turns.release()
    await asyncio.wait_for(turns.acquire(None), WAIT_LIMIT_SECONDS)
