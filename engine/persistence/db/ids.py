"""Version 7 UUIDs begin with the time, so that new rows go to the end of every index."""

import os
import time
from uuid import UUID

#: Bytes of an id that are random, but for the bits of its version and variant.
_RANDOM_BYTES = 10


def uuid7() -> UUID:
    """An id of 48 bits of milliseconds, then version, variant and 74 random bits (RFC 9562)."""
    return uuid7s(1)[0]


def uuid7s(number: int) -> list[UUID]:
    """So many ids in ascending order, which ids of one millisecond are not by themselves."""
    milliseconds = time.time_ns() // 1_000_000
    # At once: to ask for each would give other threads the interpreter as often.
    random = os.urandom(_RANDOM_BYTES * number)
    starts = range(0, len(random), _RANDOM_BYTES)
    values = sorted(_number(milliseconds, random[at : at + _RANDOM_BYTES]) for at in starts)
    return [UUID(int=value) for value in values]


def _number(milliseconds: int, random: bytes) -> int:
    value = milliseconds << 80 | int.from_bytes(random, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return value & ~(0x3 << 62) | 0x2 << 62
