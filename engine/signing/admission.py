"""How much of a keypair is reserved ahead of its signer.

What is reserved has only so long to be made and settled. So no more is reserved at once than can be
in a part of that time, as fast as it has lately been: with a slow token most of a large batch waits
in line, where nothing is counted yet and nothing lapses.
"""

from __future__ import annotations

import asyncio
import time

#: Of the time of a reservation, the part in which all that is reserved is to be made.
RESERVATION_TIME_SHARE = 0.25
#: Signatures taken to be made in that time, before one was.
INITIAL_ADMISSION_LIMIT = 128
#: What so many signatures ago has half the weight of what was just made.
HALF_LIFE_SIGNATURES = 64
_INSTANT = 1e-6


class Admission:
    """Of one keypair: what is reserved and not settled yet, and how fast that goes."""

    def __init__(self, reservation_seconds: float) -> None:
        self._seconds = reservation_seconds * RESERVATION_TIME_SHARE
        self._made, self._spent = float(INITIAL_ADMISSION_LIMIT), self._seconds
        self._under_way = 0
        self._since = 0.0
        self._freed = asyncio.Event()

    @property
    def is_idle(self) -> bool:
        """Nothing is under way."""
        return not self._under_way

    @property
    def limit(self) -> int:
        """So many may be reserved and not settled yet."""
        return max(1, int(self._made / self._spent * self._seconds))

    async def free_capacity(self) -> int:
        """How many more may be reserved; waits until any may."""
        while self._under_way >= self.limit:
            self._freed.clear()
            await self._freed.wait()
        return self.limit - self._under_way

    def start(self, number: int) -> None:
        """So many are reserved."""
        if self.is_idle:
            self._since = time.monotonic()
        self._under_way += number

    def finish(self, number: int) -> None:
        """So many are settled, or will not be."""
        now = time.monotonic()
        faded = 0.5 ** (number / HALF_LIFE_SIGNATURES)
        self._made = self._made * faded + number
        self._spent = max(self._spent * faded + (now - self._since), _INSTANT)
        self._since = now
        self._under_way -= number
        self._freed.set()
