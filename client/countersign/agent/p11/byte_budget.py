"""A number of bytes that many connections share."""

from __future__ import annotations

import asyncio


class ByteBudget:
    """Bytes that are taken by whoever comes first, and given back.

    Args:
        size_bytes: How many there are. Nobody may take more than that at once.
    """

    def __init__(self, size_bytes: int) -> None:
        self._free_bytes = size_bytes
        self._turn = asyncio.Lock()
        self._more = asyncio.Event()

    async def take(self, count_bytes: int) -> None:
        """Take bytes, once there are enough and those who came before have theirs."""
        async with self._turn:
            while self._free_bytes < count_bytes:
                self._more.clear()
                await self._more.wait()
            self._free_bytes -= count_bytes

    def give_back(self, count_bytes: int) -> None:
        """Give bytes back that were taken."""
        self._free_bytes += count_bytes
        self._more.set()
