"""Gathering: what comes while a batch is under way is the next one; nobody suffers for another."""

import asyncio
import time

import pytest

from engine.concurrency import batching
from engine.concurrency.batching import Batcher, KeyedBatcher, ProcessBatch
from engine.model.errors import Code, Refusal


class Clerk:
    """Answers each call with itself, doubled; says which were answered together."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def answer(self, take: ProcessBatch[int]) -> list[int]:
        given = take()
        self.batches.append(given)
        await self.open.wait()
        if 13 in given:
            raise ValueError("thirteen")
        if 99 in given:
            raise Refusal(Code.OVERLOADED, "Too much.")
        return [2 * one for one in given]


async def test_calls_of_one_moment_are_answered_together_and_each_gets_its_own() -> None:
    clerk = Clerk()
    line = Batcher(clerk.answer)
    assert await asyncio.gather(*map(line.submit, range(5))) == [0, 2, 4, 6, 8]
    assert clerk.batches == [[0, 1, 2, 3, 4]]
    await asyncio.sleep(0)
    assert line.is_idle


async def test_while_a_batch_is_under_way_the_next_one_gathers() -> None:
    clerk = Clerk()
    line = Batcher(clerk.answer)
    clerk.open.clear()
    calls = [asyncio.create_task(line.submit(0))]
    await asyncio.sleep(0.01)
    calls += [asyncio.create_task(line.submit(one)) for one in (1, 2, 3)]
    await asyncio.sleep(0.01)
    assert clerk.batches == [[0]]
    clerk.open.set()
    assert await asyncio.gather(*calls) == [0, 2, 4, 6]
    assert clerk.batches == [[0], [1, 2, 3]]


async def test_one_that_breaks_the_batch_breaks_it_for_itself_alone() -> None:
    clerk = Clerk()
    line = Batcher(clerk.answer)
    told = await asyncio.gather(*map(line.submit, (1, 13, 2)), return_exceptions=True)
    assert (told[0], told[2]) == (2, 4)
    assert isinstance(told[1], ValueError)
    assert clerk.batches == [[1, 13, 2], [1], [13], [2]]


async def test_a_refusal_is_everybodys_at_once() -> None:
    """A database that is away would be waited for again with every further try."""
    clerk = Clerk()
    line = Batcher(clerk.answer)
    told = await asyncio.gather(*map(line.submit, (1, 99, 2)), return_exceptions=True)
    assert [one.code for one in told if isinstance(one, Refusal)] == [Code.OVERLOADED] * 3
    assert clerk.batches == [[1, 99, 2]]


async def test_for_who_left_the_line_nothing_is_done() -> None:
    clerk = Clerk()
    line = Batcher(clerk.answer)
    clerk.open.clear()
    calls = [asyncio.create_task(line.submit(0))]
    await asyncio.sleep(0.01)
    calls += [asyncio.create_task(line.submit(one)) for one in (1, 2, 3)]
    await asyncio.sleep(0.01)
    calls[2].cancel()
    await asyncio.sleep(0)
    clerk.open.set()
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert (told[0], told[1], told[3]) == (0, 2, 6)
    assert clerk.batches == [[0], [1, 3]]


async def test_a_batch_has_so_many_units_and_a_larger_call_goes_alone() -> None:
    clerk = Clerk()
    line = Batcher(clerk.answer, weigh=lambda given: given)
    most = batching.MAX_BATCH_COST
    given = [most // 2, most // 2, 1, most + 1, 1]
    assert await asyncio.gather(*map(line.submit, given)) == [2 * one for one in given]
    assert clerk.batches == [[most // 2, most // 2], [1], [most + 1], [1]]


async def test_no_more_is_answered_than_there_is_room_for() -> None:
    clerk, rooms = Clerk(), iter([2, 1, 5])

    async def room() -> int:
        return next(rooms)

    line = Batcher(clerk.answer, room=room)
    await asyncio.gather(*map(line.submit, range(6)))
    assert clerk.batches == [[0, 1], [2], [3, 4, 5]]


async def test_a_line_that_is_too_long_takes_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MAX_WAITING", 3)
    clerk = Clerk()
    line = Batcher(clerk.answer)
    clerk.open.clear()
    calls = [asyncio.create_task(line.submit(0))]
    await asyncio.sleep(0.01)
    calls += [asyncio.create_task(line.submit(one)) for one in (1, 2, 3, 4)]
    await asyncio.sleep(0.01)
    clerk.open.set()
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert told[:4] == [0, 2, 4, 6]
    assert isinstance(told[4], Refusal)
    assert told[4].code is Code.OVERLOADED
    # Whoever was served makes room.
    assert await line.submit(5) == 10


async def test_each_key_has_a_line_of_its_own_which_is_forgotten_when_nobody_stands_in_it() -> None:
    batches: list[tuple[str, list[int]]] = []

    async def answer(key: str, take: ProcessBatch[int]) -> list[int]:
        batches.append((key, take()))
        return take()

    counters = KeyedBatcher(answer)
    await asyncio.gather(counters.submit("a", 1), counters.submit("b", 2), counters.submit("a", 3))
    assert sorted(batches) == [("a", [1, 3]), ("b", [2])]
    await asyncio.sleep(0)
    await counters.submit("c", 4)
    assert list(counters._lines) == ["c"]


async def test_threads_that_ask_at_once_are_given_the_same_calls() -> None:
    """Others, and nobody would answer those."""
    took: list[list[int]] = []

    def slowly(_given: int) -> int:
        time.sleep(0.02)
        return 1

    async def answer(take: ProcessBatch[int]) -> list[int]:
        took.extend(await asyncio.gather(*(asyncio.to_thread(take) for _ in range(3))))
        return take()

    async def room() -> int:
        return 1

    line = Batcher(answer, weigh=slowly, room=room)
    assert await asyncio.gather(*map(line.submit, (1, 2))) == [1, 2]
    assert took == [[1]] * 3 + [[2]] * 3
