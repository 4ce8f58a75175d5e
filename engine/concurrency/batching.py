"""Combines concurrent calls into batches, so that many calls cost one transaction (group commit).

The contract of a batcher:

* At most one batch of a key is processed at a time. Calls that arrive meanwhile wait, in their
  order, and go into the next batch. Nobody waits for a batch to fill.
* A batch is chosen at the last moment, when the processing function first takes its items, on
  whichever thread that is. A call that arrives while a thread is waited for still goes along.
* A batch costs no more than `MAX_BATCH_COST` and no more than the capacity of that moment. Its
  first call goes along whatever it costs, so that a large call is processed alone, not never.
* Each caller gets its own result. A `Refusal` that processing a batch raises goes to every caller.
  After any other error each call of the batch is processed by itself, so that only the call at
  fault fails.
* A caller that is cancelled while it waits is left out of its batch.
* When calls that cost `MAX_WAITING` wait already, further ones are refused with OVERLOADED.

    submit(a) ─┐
    submit(b) ─┼─> waiting: [a, b, c, d] ──choose──> batch: [a, b, c] ──process──> results
    submit(c) ─┤        (event loop)     capacity 3    (any thread)                 │ │ │
    submit(d) ─┘                                                                    a b c
                                            d goes into the next batch
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from engine.model.errors import Code, Refusal
from engine.persistence.store.retry import OVERLOADED

#: What the calls of a batch cost together at most; a call that costs more is processed alone.
MAX_BATCH_COST = 512
#: What waiting calls cost together when further calls are refused with OVERLOADED.
MAX_WAITING = 20_000

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

#: Gives the items of the batch, choosing them at the first call; the same each time.
TakeItems = Callable[[], list[Item]]
#: Waiting calls: what was submitted, and the future that its caller awaits.
Calls = list[tuple[Item, "asyncio.Future[Result]"]]
#: How much an item costs.
CostFunction = Callable[[Item], int]
#: How much the next batch may cost; waits until it may cost anything.
Capacity = Callable[[], Awaitable[int]]


def _unit_cost(_item: object) -> int:
    return 1


async def _full_capacity() -> int:
    return MAX_BATCH_COST


class KeyedBatcher(Generic[Key, Item, Result]):
    """A batcher for each key, kept for as long as it has calls.

    Args:
        process: Processes a batch of a key; returns a result for each item, in their order.
        cost: How much an item costs.
        capacity: Gives the capacity of a key's batches.
    """

    def __init__(
        self,
        process: Callable[[Key, TakeItems[Item]], Awaitable[list[Result]]],
        *,
        cost: CostFunction[Item] = _unit_cost,
        capacity: Callable[[Key], Capacity] = lambda _key: _full_capacity,
    ) -> None:
        self._process = process
        self._cost = cost
        self._capacity = capacity
        self._batchers: dict[Key, Batcher[Item, Result]] = {}

    async def submit(self, key: Key, item: Item) -> Result:
        """Process an item in a batch of its key, as `Batcher.submit` does."""
        batcher = self._batchers.get(key)
        if batcher is None:
            for idle in [other for other, b in self._batchers.items() if b.is_idle]:
                del self._batchers[idle]
            process = partial(self._process, key)
            batcher = Batcher(process, cost=self._cost, capacity=self._capacity(key))
            self._batchers[key] = batcher
        return await batcher.submit(item)


class Batcher(Generic[Item, Result]):
    """Processes concurrent calls in batches, one batch at a time. For one event loop.

    Args:
        process: Processes a batch; returns a result for each item, in their order.
        cost: How much an item costs.
        capacity: How much the next batch may cost.
    """

    def __init__(
        self,
        process: Callable[[TakeItems[Item]], Awaitable[list[Result]]],
        *,
        cost: CostFunction[Item] = _unit_cost,
        capacity: Capacity = _full_capacity,
    ) -> None:
        self._process = process
        self._cost = cost
        self._capacity = capacity
        self._waiting: Calls[Item, Result] = []
        self._waiting_cost = 0
        #: Held while the waiting calls change, for a batch is chosen on another thread.
        self._lock = Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """No call waits, and no batch is being processed."""
        return self._task is None

    async def submit(self, item: Item) -> Result:
        """Process an item in one of the next batches.

        Returns:
            The item's own result.

        Raises:
            Refusal: OVERLOADED, if too many calls wait; or what the whole batch was refused with.
        """
        if self._waiting_cost >= MAX_WAITING:
            raise Refusal(Code.OVERLOADED, OVERLOADED)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append((item, future))
            self._waiting_cost += self._cost(item)
        if self._task is None:
            self._task = asyncio.create_task(self._process_waiting())
        return await future

    async def _process_waiting(self) -> None:
        try:
            while self._waiting:
                capacity = min(MAX_BATCH_COST, await self._capacity())
                await self._process_batch(_Batch(partial(self._choose, capacity)))
        finally:
            self._task = None

    def _choose(self, capacity: int) -> Calls[Item, Result]:
        """Remove the first waiting calls that fit into the capacity, at least one.

        Calls whose callers do not wait any more are removed and left out.
        """
        batch: Calls[Item, Result] = []
        batch_cost = removed = 0
        with self._lock:
            for item, future in self._waiting:
                cost = self._cost(item)
                if not future.done():
                    if batch and batch_cost + cost > capacity:
                        break
                    batch.append((item, future))
                    batch_cost += cost
                self._waiting_cost -= cost
                removed += 1
            del self._waiting[:removed]
        return batch

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

    def __init__(self, choose: Callable[[], Calls[Item, Result]]) -> None:
        self._choose = choose
        self._lock = Lock()
        self._calls: Calls[Item, Result] | None = None

    @property
    def calls(self) -> Calls[Item, Result]:
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
