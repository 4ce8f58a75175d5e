"""Version 7 UUIDs: the time first, so that new rows land at the end of every index."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """48 bits of milliseconds, then version, variant and 74 random bits (RFC 9562)."""
    return UUID(int=_number())


def uuid7s(number: int) -> list[UUID]:
    """So many of them, in order: those of one millisecond have none of their own."""
    return [UUID(int=one) for one in sorted(_number() for _ in range(number))]


def _number() -> int:
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    return value & ~(0x3 << 62) | 0x2 << 62
