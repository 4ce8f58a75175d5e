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
LARGEST = 512
#: Units that wait in a line before newcomers are told OVERLOADED.
LONGEST = 20_000

Key = TypeVar("Key", bound=Hashable)
Given = TypeVar("Given")
Got = TypeVar("Got")

#: The calls that are to be answered now, on whatever thread asks; the same each time.
Take = Callable[[], list[Given]]
Calls = list[tuple[Given, "asyncio.Future[Got]"]]
#: How many units a call is.
Weigh = Callable[[Given], int]
#: How many units may be answered next; waits until any may.
Room = Callable[[], Awaitable[int]]


def _one(_given: object) -> int:
    return 1


async def _always() -> int:
    return LARGEST


class Lines(Generic[Key, Given, Got]):
    """A line for each key, for as long as somebody stands in it."""

    def __init__(
        self,
        answer: Callable[[Key, Take[Given]], Awaitable[list[Got]]],
        *,
        weigh: Weigh[Given] = _one,
        room: Callable[[Key], Room] = lambda _key: _always,
    ) -> None:
        self._answer = answer
        self._weigh = weigh
        self._room = room
        self._lines: dict[Key, Line[Given, Got]] = {}

    async def join(self, key: Key, given: Given) -> Got:
        """The answer to one call; raises what answering it raised, or `Refusal` OVERLOADED."""
        line = self._lines.get(key)
        if line is None:
            for idle in [other for other, line in self._lines.items() if line.is_idle]:
                del self._lines[idle]
            answer = partial(self._answer, key)
            line = Line(answer, weigh=self._weigh, room=self._room(key))
            self._lines[key] = line
        return await line.join(given)


class Line(Generic[Given, Got]):
    """Calls that wait to be answered together; one batch is under way at a time."""

    def __init__(
        self,
        answer: Callable[[Take[Given]], Awaitable[list[Got]]],
        *,
        weigh: Weigh[Given] = _one,
        room: Room = _always,
    ) -> None:
        self._answer = answer
        self._weigh = weigh
        self._room = room
        self._waiting: list[tuple[Given, asyncio.Future[Got]]] = []
        self._units = 0
        #: Held while the line itself changes, for a batch is taken on another thread.
        self._changing = Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Nobody waits, nothing is under way."""
        return self._task is None

    async def join(self, given: Given) -> Got:
        """The answer to one call; raises what answering it raised, or `Refusal` OVERLOADED."""
        if self._units >= LONGEST:
            raise Refusal(Code.OVERLOADED, OVERLOADED)
        future: asyncio.Future[Got] = asyncio.get_running_loop().create_future()
        with self._changing:
            self._waiting.append((given, future))
            self._units += self._weigh(given)
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._serve(_Batch(partial(self._next, min(LARGEST, await self._room()))))
        finally:
            self._task = None

    def _next(self, room: int) -> Calls[Given, Got]:
        """Those at the head of the line that there is room for, at least one; without those who
        have left it, for whom nothing shall be done any more.
        """
        batch: Calls[Given, Got] = []
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

    async def _serve(self, batch: _Batch[Given, Got]) -> None:
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


class _Batch(Generic[Given, Got]):
    """Calls that are chosen when they are first asked for, by whichever thread asks first."""

    def __init__(self, choose: Callable[[], Calls[Given, Got]]) -> None:
        self._choose = choose
        self._choosing = Lock()
        self._chosen: Calls[Given, Got] | None = None

    @property
    def calls(self) -> Calls[Given, Got]:
        # A thread may begin in the very moment in which the line gives up waiting for it.
        with self._choosing:
            if self._chosen is None:
                self._chosen = self._choose()
            return self._chosen

    def take(self) -> list[Given]:
        return [given for given, _ in self.calls]


def _fail(future: asyncio.Future[Got], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
