"""Combines concurrent calls into batches, so that many calls cost one transaction (group commit).

The contract of a batcher:

* At most one batch of a key is processed at a time. Calls that arrive meanwhile wait and go into
  the next batch. Nobody waits for a batch to fill.
* The calls of a batcher may be in several lanes. A batch takes a call from each lane in turn, in
  each lane in the order in which they came; the lane that was left out goes first in the next
  batch. A lane without capacity is passed over, and keeps no other lane waiting.
* A batch is chosen at the last moment, when the processing function first takes its items, on
  whichever thread that is. A call that arrives while a thread is waited for still goes along.
* A batch costs no more than its limit, and what it takes of a lane no more than the capacity of
  that lane. The first call goes along whatever it costs, so that a large call is processed alone,
  not never.
* Each caller gets its own result. A `Refusal` that processing a batch raises goes to every caller.
  After any other error each call of the batch is processed by itself, so that only the call at
  fault fails.
* A caller that is cancelled while it waits is left out of its batch.
* When calls that cost `MAX_WAITING` wait in a lane already, further ones of this lane are refused
  with OVERLOADED.

    submit(a, lane=1) ─┐
    submit(b, lane=1) ─┼─> lane 1: [a, b, d] ──choose──> batch: [a, c, b] ──process──> results
    submit(c, lane=2) ─┤   lane 2: [c]         limit 3   (any thread)                  │ │ │
    submit(d, lane=1) ─┘   (event loop)                                                a c b
                                            d goes into the next batch
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from engine.concurrency.waiting_calls import Call, CostFunction, LaneCapacity, WaitingCalls
from engine.model.errors import Code, Refusal
from engine.persistence.store.retry import OVERLOADED

#: What the calls of a batch cost together at most; a call that costs more is processed alone.
MAX_BATCH_COST = 512
#: What the waiting calls of a lane cost when further ones are refused with OVERLOADED.
MAX_WAITING = 20_000

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

#: Gives the items of the batch, choosing them at the first call; the same each time.
TakeItems = Callable[[], list[Item]]


def _unit_cost(_item: object) -> int:
    return 1


def _no_limit(_lane: Hashable) -> int:
    return MAX_WAITING


class KeyedBatcher(Generic[Key, Item, Result]):
    """A batcher for each key, kept for as long as it has calls.

    Args:
        process: Processes a batch of a key; returns a result for each item, in their order.
        cost: How much an item costs.
        lane_capacity: How much of a lane a batch may take.
        max_cost: What the calls of a batch cost together at most.
    """

    def __init__(
        self,
        process: Callable[[Key, TakeItems[Item]], Awaitable[list[Result]]],
        *,
        cost: CostFunction[Item] = _unit_cost,
        lane_capacity: LaneCapacity = _no_limit,
        max_cost: int = MAX_BATCH_COST,
    ) -> None:
        self._process = process
        self._cost = cost
        self._lane_capacity = lane_capacity
        self._max_cost = max_cost
        self._batchers: dict[Key, Batcher[Item, Result]] = {}

    async def submit(self, key: Key, item: Item, lane: Hashable = None) -> Result:
        """Process an item in a batch of its key, as `Batcher.submit` does."""
        batcher = self._batchers.get(key)
        if batcher is None:
            for idle in [other for other, b in self._batchers.items() if b.is_idle]:
                del self._batchers[idle]
            batcher = Batcher(
                partial(self._process, key),
                cost=self._cost,
                lane_capacity=self._lane_capacity,
                max_cost=self._max_cost,
            )
            self._batchers[key] = batcher
        return await batcher.submit(item, lane)

    def notify_capacity(self, key: Key) -> None:
        """Note that the capacity of a lane of this key has grown."""
        if key in self._batchers:
            self._batchers[key].notify_capacity()


class Batcher(Generic[Item, Result]):
    """Processes concurrent calls in batches, one batch at a time. For one event loop.

    Args:
        process: Processes a batch; returns a result for each item, in their order.
        cost: How much an item costs.
        lane_capacity: How much of a lane the next batch may take.
        max_cost: What the calls of a batch cost together at most.
    """

    def __init__(
        self,
        process: Callable[[TakeItems[Item]], Awaitable[list[Result]]],
        *,
        cost: CostFunction[Item] = _unit_cost,
        lane_capacity: LaneCapacity = _no_limit,
        max_cost: int = MAX_BATCH_COST,
    ) -> None:
        self._process = process
        self._waiting = WaitingCalls[Item, Result](cost, lane_capacity, max_cost)
        self._capacity_has_grown = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """No call waits, and no batch is being processed."""
        return self._task is None

    async def submit(self, item: Item, lane: Hashable = None) -> Result:
        """Process an item in one of the next batches.

        Returns:
            The item's own result.

        Raises:
            Refusal: OVERLOADED, if too many calls of the lane wait; or what the whole batch was
                refused with.
        """
        if self._waiting.cost_of(lane) >= MAX_WAITING:
            raise Refusal(Code.OVERLOADED, OVERLOADED)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.add((item, future), lane)
        if self._task is None:
            self._task = asyncio.create_task(self._process_waiting())
        else:
            self._capacity_has_grown.set()  # it may be in another lane than those that wait
        return await future

    def notify_capacity(self) -> None:
        """Note that the capacity of a lane has grown, for calls that wait for it."""
        self._capacity_has_grown.set()

    async def _process_waiting(self) -> None:
        try:
            while not self._waiting.is_empty:
                self._capacity_has_grown.clear()
                if self._waiting.is_any_ready():
                    await self._process_batch(_Batch(self._waiting.choose))
                else:
                    await self._capacity_has_grown.wait()
        finally:
            self._task = None

    async def _process_batch(self, batch: _Batch[Item, Result]) -> None:
        try:
            results = await self._process(batch.take_items)
        except Refusal as refusal:
            # Such as a database that does not answer: once for each would take as long again.
            for _, future in batch.calls:
                _fail(future, refusal)
        except Exception as error:  # noqa: BLE001 - raised to the caller at fault
            if len(batch.calls) == 1:
                _fail(batch.calls[0][1], error)
                return
            for call in batch.calls:
                await self._process_batch(_Batch(partial(list, [call])))
        else:
            for (_, future), result in zip(batch.calls, results, strict=True):
                if not future.done():
                    future.set_result(result)


class _Batch(Generic[Item, Result]):
    """Calls that are chosen when they are first needed, on whichever thread needs them first."""

    def __init__(self, choose: Callable[[], list[Call[Item, Result]]]) -> None:
        self._choose = choose
        self._lock = Lock()
        self._calls: list[Call[Item, Result]] | None = None

    @property
    def calls(self) -> list[Call[Item, Result]]:
        # A thread may take the items just when the event loop gives up waiting for that thread.
        with self._lock:
            if self._calls is None:
                self._calls = self._choose()
            return self._calls

    def take_items(self) -> list[Item]:
        return [item for item, _ in self.calls]


def _fail(future: asyncio.Future[Result], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
