"""Version 7 UUIDs begin with the time, so that new rows go to the end of every index."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """An id of 48 bits of milliseconds, then version, variant and 74 random bits (RFC 9562)."""
    return UUID(int=_number())


def uuid7s(number: int) -> list[UUID]:
    """So many ids in ascending order, which ids of one millisecond are not by themselves."""
    return [UUID(int=value) for value in sorted(_number() for _ in range(number))]


def _number() -> int:
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    return value & ~(0x3 << 62) | 0x2 << 62
