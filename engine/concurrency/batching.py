"""Concurrent calls, answered together: while one batch is under way, the next ones gather.

Who goes along is settled at the last moment, when a thread takes the batch: whoever came while the
line waited for that thread is answered with the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from threading import Lock
from typing import Generic, TypeVar

from engine.model.errors import Code, Refusal
from engine.persistence.store.retry import OVERLOADED

#: Units answered together at most; a call that is more by itself is answered alone.
MAX_BATCH_COST = 512
#: Units that wait in a line before newcomers are told OVERLOADED.
MAX_WAITING = 20_000

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")

#: The calls that are to be answered now, on whatever thread asks; the same each time.
ProcessBatch = Callable[[], list[Item]]
Submissions = list[tuple[Item, "asyncio.Future[Result]"]]
#: How many units a call is.
CostFunction = Callable[[Item], int]
#: How many units may be answered next; waits until any may.
Capacity = Callable[[], Awaitable[int]]


def _one(_given: object) -> int:
    return 1


async def _always() -> int:
    return MAX_BATCH_COST


class KeyedBatcher(Generic[Key, Item, Result]):
    """A line for each key, for as long as somebody stands in it."""

    def __init__(
        self,
        answer: Callable[[Key, ProcessBatch[Item]], Awaitable[list[Result]]],
        *,
        weigh: CostFunction[Item] = _one,
        room: Callable[[Key], Capacity] = lambda _key: _always,
    ) -> None:
        self._answer = answer
        self._weigh = weigh
        self._room = room
        self._lines: dict[Key, Batcher[Item, Result]] = {}

    async def submit(self, key: Key, given: Item) -> Result:
        """The answer to one call; raises what answering it raised, or `Refusal` OVERLOADED."""
        line = self._lines.get(key)
        if line is None:
            for idle in [other for other, line in self._lines.items() if line.is_idle]:
                del self._lines[idle]
            answer = partial(self._answer, key)
            line = Batcher(answer, weigh=self._weigh, room=self._room(key))
            self._lines[key] = line
        return await line.submit(given)


class Batcher(Generic[Item, Result]):
    """Calls that wait to be answered together; one batch is under way at a time."""

    def __init__(
        self,
        answer: Callable[[ProcessBatch[Item]], Awaitable[list[Result]]],
        *,
        weigh: CostFunction[Item] = _one,
        room: Capacity = _always,
    ) -> None:
        self._answer = answer
        self._weigh = weigh
        self._room = room
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._units = 0
        #: Held while the line itself changes, for a batch is taken on another thread.
        self._changing = Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Nobody waits, nothing is under way."""
        return self._task is None

    async def submit(self, given: Item) -> Result:
        """The answer to one call; raises what answering it raised, or `Refusal` OVERLOADED."""
        if self._units >= MAX_WAITING:
            raise Refusal(Code.OVERLOADED, OVERLOADED)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        with self._changing:
            self._waiting.append((given, future))
            self._units += self._weigh(given)
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._serve(
                    _Batch(partial(self._next, min(MAX_BATCH_COST, await self._room())))
                )
        finally:
            self._task = None

    def _next(self, room: int) -> Submissions[Item, Result]:
        """Those at the head of the line that there is room for, at least one; without those who
        have left it, for whom nothing shall be done any more.
        """
        batch: Submissions[Item, Result] = []
        units = taken = 0
        with self._changing:
            for given, future in self._waiting:
                weight = self._weigh(given)
                if not future.done():
                    if batch and units + weight > room:
                        break
                    batch.append((given, future))
                    units += weight
                self._units -= weight
                taken += 1
            del self._waiting[:taken]
        return batch

    async def _serve(self, batch: _Batch[Item, Result]) -> None:
        try:
            answers = await self._answer(batch.take)
        except Refusal as refusal:
            # Such as a database that does not answer: once for each would take as long again.
            for _, future in batch.calls:
                _fail(future, refusal)
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            if len(batch.calls) == 1:
                _fail(batch.calls[0][1], error)
                return
            # One of them is at fault, and nobody else shall suffer for it.
            for one in batch.calls:
                await self._serve(_Batch(partial(list, [one])))
        else:
            for (_, future), answer in zip(batch.calls, answers, strict=True):
                if not future.done():
                    future.set_result(answer)


class _Batch(Generic[Item, Result]):
    """Calls that are chosen when they are first asked for, by whichever thread asks first."""

    def __init__(self, choose: Callable[[], Submissions[Item, Result]]) -> None:
        self._choose = choose
        self._choosing = Lock()
        self._chosen: Submissions[Item, Result] | None = None

    @property
    def calls(self) -> Submissions[Item, Result]:
        # A thread may begin in the very moment in which the line gives up waiting for it.
        with self._choosing:
            if self._chosen is None:
                self._chosen = self._choose()
            return self._chosen

    def take(self) -> list[Item]:
        return [given for given, _ in self.calls]


def _fail(future: asyncio.Future[Result], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
