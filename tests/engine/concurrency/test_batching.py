"""Batching: concurrent calls are processed together, and no call fails because of another."""

import asyncio
import time

import pytest

from engine.concurrency import batching
from engine.concurrency.batching import Batcher, KeyedBatcher, TakeItems
from engine.model.errors import Code, Refusal
from tests.support.waiting import WAIT_LIMIT_SECONDS


class Processor:
    """Doubles each item, and remembers which items came together."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def process(self, take_items: TakeItems[int]) -> list[int]:
        items = take_items()
        self.batches.append(items)
        await self.open.wait()
        if 13 in items:
            raise ValueError("thirteen")
        if 99 in items:
            raise Refusal(Code.OVERLOADED, "Too much.")
        return [2 * item for item in items]


async def test_concurrent_calls_are_processed_together_and_each_gets_its_own_result() -> None:
    processor = Processor()
    batcher = Batcher(processor.process)
    assert await asyncio.gather(*map(batcher.submit, range(5))) == [0, 2, 4, 6, 8]
    assert processor.batches == [[0, 1, 2, 3, 4]]
    await asyncio.sleep(0)
    assert batcher.is_idle


async def test_calls_that_arrive_during_a_batch_go_into_the_next() -> None:
    processor = Processor()
    batcher = Batcher(processor.process)
    processor.open.clear()
    calls = [asyncio.create_task(batcher.submit(0))]
    await asyncio.sleep(0.01)
    calls += [asyncio.create_task(batcher.submit(item)) for item in (1, 2, 3)]
    await asyncio.sleep(0.01)
    assert processor.batches == [[0]]
    processor.open.set()
    assert await asyncio.gather(*calls) == [0, 2, 4, 6]
    assert processor.batches == [[0], [1, 2, 3]]


async def test_an_item_that_fails_fails_alone() -> None:
    processor = Processor()
    batcher = Batcher(processor.process)
    results = await asyncio.gather(*map(batcher.submit, (1, 13, 2)), return_exceptions=True)
    assert (results[0], results[2]) == (2, 4)
    assert isinstance(results[1], ValueError)
    assert processor.batches == [[1, 13, 2], [1], [13], [2]]


async def test_a_refusal_of_the_batch_goes_to_every_caller() -> None:
    """A database that is away would be waited for again with every further try."""
    processor = Processor()
    batcher = Batcher(processor.process)
    results = await asyncio.gather(*map(batcher.submit, (1, 99, 2)), return_exceptions=True)
    assert [r.code for r in results if isinstance(r, Refusal)] == [Code.OVERLOADED] * 3
    assert processor.batches == [[1, 99, 2]]


async def test_a_cancelled_call_is_left_out_of_its_batch() -> None:
    processor = Processor()
    batcher = Batcher(processor.process)
    processor.open.clear()
    calls = [asyncio.create_task(batcher.submit(0))]
    await asyncio.sleep(0.01)
    calls += [asyncio.create_task(batcher.submit(item)) for item in (1, 2, 3)]
    await asyncio.sleep(0.01)
    calls[2].cancel()
    await asyncio.sleep(0)
    processor.open.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert (results[0], results[1], results[3]) == (0, 2, 6)
    assert processor.batches == [[0], [1, 3]]


async def test_a_batch_costs_no_more_than_the_limit_and_a_larger_call_goes_alone() -> None:
    processor = Processor()
    batcher = Batcher(processor.process, cost=lambda item: item)
    limit = batching.MAX_BATCH_COST
    costs = [limit // 2, limit // 2, 1, limit + 1, 1]
    assert await asyncio.gather(*map(batcher.submit, costs)) == [2 * cost for cost in costs]
    assert processor.batches == [[limit // 2, limit // 2], [1], [limit + 1], [1]]


async def test_a_batch_takes_no_more_of_a_lane_than_its_capacity() -> None:
    processor = Processor()
    batcher = Batcher(processor.process, lane_capacity=lambda _lane: 2)
    await asyncio.gather(*map(batcher.submit, range(5)))
    assert processor.batches == [[0, 1], [2, 3], [4]]


async def test_lanes_take_turns_and_each_keeps_its_order() -> None:
    processor = Processor()
    batcher = Batcher(processor.process, max_cost=4)
    lanes = {"a": (1, 2, 3), "b": (4,), "c": (5, 6)}
    calls = [batcher.submit(item, lane) for lane, items in lanes.items() for item in items]
    await asyncio.gather(*calls)
    assert processor.batches == [[1, 4, 5, 2], [6, 3]]


async def test_a_lane_without_capacity_keeps_no_other_one_waiting() -> None:
    processor, capacities = Processor(), {"slow": 0, "quick": 10}
    batcher = Batcher(processor.process, lane_capacity=lambda lane: capacities[str(lane)])
    slow = asyncio.create_task(batcher.submit(1, "slow"))
    await asyncio.sleep(0.01)
    assert await asyncio.wait_for(batcher.submit(2, "quick"), WAIT_LIMIT_SECONDS) == 4
    assert processor.batches == [[2]]
    capacities["slow"] = 1
    batcher.notify_capacity()
    assert await asyncio.wait_for(slow, WAIT_LIMIT_SECONDS) == 2


async def test_a_large_call_of_a_lane_is_not_passed_over_for_ever() -> None:
    """It costs more than its lane's capacity, so it waits until it is first in a batch."""
    processor = Processor()
    batcher = Batcher(processor.process, cost=lambda item: item, lane_capacity=lambda _lane: 4)
    calls = [asyncio.create_task(batcher.submit(1, "small"))]
    calls += [asyncio.create_task(batcher.submit(9, "large"))]
    calls += [asyncio.create_task(batcher.submit(1, "small")) for _ in range(8)]
    await asyncio.wait_for(asyncio.gather(*calls), WAIT_LIMIT_SECONDS)
    assert processor.batches[1][0] == 9


async def test_a_call_that_is_cancelled_while_its_lane_has_no_capacity_is_forgotten() -> None:
    batcher = Batcher(Processor().process, lane_capacity=lambda _lane: 0)
    call = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0.01)
    call.cancel()
    batcher.notify_capacity()
    await asyncio.sleep(0.01)
    assert batcher.is_idle


async def test_when_too_many_calls_wait_further_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batching, "MAX_WAITING", 3)
    processor = Processor()
    batcher = Batcher(processor.process)
    processor.open.clear()
    calls = [asyncio.create_task(batcher.submit(0))]
    await asyncio.sleep(0.01)
    calls += [asyncio.create_task(batcher.submit(item)) for item in (1, 2, 3, 4)]
    await asyncio.sleep(0.01)
    processor.open.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[:4] == [0, 2, 4, 6]
    assert isinstance(results[4], Refusal)
    assert results[4].code is Code.OVERLOADED
    # Calls that were processed do not count any more.
    assert await batcher.submit(5) == 10


async def test_calls_that_wait_in_one_lane_do_not_make_those_of_others_be_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batching, "MAX_WAITING", 3)
    capacity = {"slow": 0, "quick": 1}
    batcher = Batcher(Processor().process, lane_capacity=lambda lane: capacity[str(lane)])
    waiting = [asyncio.create_task(batcher.submit(item, lane="slow")) for item in (1, 2, 3)]
    await asyncio.sleep(0)
    assert await batcher.submit(4, lane="quick") == 8
    with pytest.raises(Refusal):
        await batcher.submit(5, lane="slow")
    capacity["slow"] = 3
    batcher.notify_capacity()
    assert await asyncio.gather(*waiting) == [2, 4, 6]
    assert await batcher.submit(6, lane="slow") == 12


async def test_each_key_has_its_own_batcher_which_is_dropped_when_it_is_idle() -> None:
    batches: list[tuple[str, list[int]]] = []

    async def process(key: str, take_items: TakeItems[int]) -> list[int]:
        batches.append((key, take_items()))
        return take_items()

    batchers = KeyedBatcher(process)
    await asyncio.gather(batchers.submit("a", 1), batchers.submit("b", 2), batchers.submit("a", 3))
    assert sorted(batches) == [("a", [1, 3]), ("b", [2])]
    await asyncio.sleep(0)
    await batchers.submit("c", 4)
    assert list(batchers._batchers) == ["c"]


async def test_threads_that_take_the_items_at_once_get_the_same() -> None:
    """Otherwise calls would be chosen twice, and some of them never get a result."""
    taken: list[list[int]] = []

    def slowly(_item: int) -> int:
        time.sleep(0.02)
        return 1

    async def process(take_items: TakeItems[int]) -> list[int]:
        taken.extend(await asyncio.gather(*(asyncio.to_thread(take_items) for _ in range(3))))
        return take_items()

    batcher = Batcher(process, cost=slowly, max_cost=1)
    assert await asyncio.gather(*map(batcher.submit, (1, 2))) == [1, 2]
    assert taken == [[1]] * 3 + [[2]] * 3
