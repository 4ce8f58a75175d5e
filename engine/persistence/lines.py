"""Concurrent calls, answered together: while one batch is under way, the next ones gather."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Generic, TypeVar

#: Calls answered together at most.
LARGEST = 256

Key = TypeVar("Key", bound=Hashable)
Given = TypeVar("Given")
Got = TypeVar("Got")


class Lines(Generic[Key, Given, Got]):
    """A line for each key, for as long as somebody stands in it."""

    def __init__(self, answer: Callable[[Key, list[Given]], Awaitable[list[Got]]]) -> None:
        self._answer = answer
        self._lines: dict[Key, Line[Given, Got]] = {}

    async def join(self, key: Key, given: Given) -> Got:
        """The answer to one call; raises what answering it raised."""
        line = self._lines.get(key)
        if line is None:
            for idle in [other for other, line in self._lines.items() if line.is_idle]:
                del self._lines[idle]
            line = self._lines[key] = Line(partial(self._answer, key))
        return await line.join(given)


class Line(Generic[Given, Got]):
    """Calls that wait to be answered together; one batch is under way at a time."""

    def __init__(self, answer: Callable[[list[Given]], Awaitable[list[Got]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Given, asyncio.Future[Got]]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Nobody waits, nothing is under way."""
        return self._task is None

    async def join(self, given: Given) -> Got:
        """The answer to one call; raises what answering it raised."""
        future: asyncio.Future[Got] = asyncio.get_running_loop().create_future()
        self._waiting.append((given, future))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
                await self._serve(batch)
        finally:
            self._task = None

    async def _serve(self, batch: list[tuple[Given, asyncio.Future[Got]]]) -> None:
        try:
            answers = await self._answer([given for given, _ in batch])
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            # One of them is at fault, and nobody else shall suffer for it.
            for one in batch:
                await self._serve([one])
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)


def _fail(future: asyncio.Future[Got], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
