"""Limits how much of a keypair is reserved ahead of its signer.

A reservation that is not settled in time expires. So no more is reserved at once than the signer
can sign in a share of that time, by its recent speed: with a slow token most of a large batch
waits in the queue, where nothing is counted yet and nothing expires.
"""

from __future__ import annotations

import time

#: The share of a reservation's time in which everything that is reserved is to be signed.
RESERVATION_TIME_SHARE = 0.25
#: Signatures that may be reserved while the signer's speed is not known.
INITIAL_ADMISSION_LIMIT = 128
#: After so many signatures an older measurement has half the weight of a new one.
HALF_LIFE_SIGNATURES = 64
#: Keeps a measured time from being zero.
_SHORTEST_SECONDS = 1e-6


class Admission:
    """Counts what is reserved and not settled of one keypair, and measures how fast that goes.

    Args:
        reservation_seconds: After which a reservation expires.
    """

    def __init__(self, reservation_seconds: float) -> None:
        self._seconds = reservation_seconds * RESERVATION_TIME_SHARE
        self._signed = float(INITIAL_ADMISSION_LIMIT)
        self._signing_seconds = self._seconds
        self._pending = 0
        self._measured_from = 0.0

    @property
    def is_idle(self) -> bool:
        """Nothing is reserved and not settled."""
        return not self._pending

    @property
    def limit(self) -> int:
        """How many signatures may be reserved and not settled."""
        return max(1, int(self._signed / self._signing_seconds * self._seconds))

    @property
    def free_capacity(self) -> int:
        """How many more signatures may be reserved; not above 0: none until some are settled."""
        return self.limit - self._pending

    def start(self, number: int) -> None:
        """Note that so many are reserved."""
        if self.is_idle:
            self._measured_from = time.monotonic()
        self._pending += number

    def finish(self, number: int) -> None:
        """Note that so many are settled, or will not be."""
        now = time.monotonic()
        weight = 0.5 ** (number / HALF_LIFE_SIGNATURES)
        elapsed = now - self._measured_from
        self._signed = self._signed * weight + number
        self._signing_seconds = max(self._signing_seconds * weight + elapsed, _SHORTEST_SECONDS)
        self._measured_from = now
        self._pending -= number
