"""Callers that sign at the same time, and one thread that writes what they ask for together."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

#: As many as the engine takes into one transaction.
MAX_BATCH = 512

Waiting = list[tuple[bytes, asyncio.Future[bytes]]]


class BatchWriter(Protocol):
    """The transaction of a batch."""

    def write(self, digests: Sequence[bytes]) -> list[bytes]:
        """Return a signature for each digest, once all are committed."""

    def close(self) -> None:
        """Close the connection."""


class GroupCommit:
    """Signs what waits whenever the batch before is committed."""

    def __init__(self, writer: BatchWriter) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1)
        self._waiting: Waiting = []
        self._task: asyncio.Task[None] | None = None

    async def rate(self, callers: int, seconds: float) -> float:
        """Return signatures a second of so many callers, each one after the other."""
        began = time.perf_counter()

        async def call() -> int:
            number = 0
            while time.perf_counter() < began + seconds:
                assert await self._sign(os.urandom(32))
                number += 1
            return number

        numbers = await asyncio.gather(*(call() for _ in range(callers)))
        return sum(numbers) / (time.perf_counter() - began)

    def close(self) -> None:
        """End the thread and the connection."""
        self._thread.shutdown()
        self._writer.close()

    async def _sign(self, digest: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        self._waiting.append((digest, future))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._write_all())
        return await future

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            digests = [digest for digest, _ in batch]
            values = await loop.run_in_executor(self._thread, self._writer.write, digests)
            for (_, future), value in zip(batch, values, strict=True):
                future.set_result(value)
