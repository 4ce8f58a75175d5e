"""Concurrent calls, answered together: while one batch is under way, the next ones gather."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

from engine.errors import Code, Refusal
from engine.persistence.retrying import OVERLOADED

#: Units answered together at most; a call that is more by itself is answered alone.
LARGEST = 512
#: Units that wait in a line before newcomers are told OVERLOADED.
LONGEST = 20_000

Key = TypeVar("Key", bound=Hashable)
Given = TypeVar("Given")
Got = TypeVar("Got")

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
        answer: Callable[[Key, list[Given]], Awaitable[list[Got]]],
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
        answer: Callable[[list[Given]], Awaitable[list[Got]]],
        *,
        weigh: Weigh[Given] = _one,
        room: Room = _always,
    ) -> None:
        self._answer = answer
        self._weigh = weigh
        self._room = room
        self._waiting: list[tuple[Given, asyncio.Future[Got]]] = []
        self._units = 0
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
        self._waiting.append((given, future))
        self._units += self._weigh(given)
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch = self._next(min(LARGEST, await self._room()))
                if batch:
                    await self._serve(batch)
        finally:
            self._task = None

    def _next(self, room: int) -> list[tuple[Given, asyncio.Future[Got]]]:
        """Those at the head of the line that there is room for, at least one; without those who
        have left it, for whom nothing shall be done any more.
        """
        batch: list[tuple[Given, asyncio.Future[Got]]] = []
        units = taken = 0
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

    async def _serve(self, batch: list[tuple[Given, asyncio.Future[Got]]]) -> None:
        try:
            answers = await self._answer([given for given, _ in batch])
        except Refusal as refusal:
            # Such as a database that does not answer: once for each would take as long again.
            for _, future in batch:
                _fail(future, refusal)
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            # One of them is at fault, and nobody else shall suffer for it.
            for one in batch:
                await self._serve([one])
        else:
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)


def _fail(future: asyncio.Future[Got], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
