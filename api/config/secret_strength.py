"""Detects secrets that can be guessed.

No test can tell that a text is random. These tell what nobody's random generator prints: a random
key of 32 bytes fails one of them less than once in a billion times.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

#: Different characters, or bytes, that a secret has at least.
FEWEST_DIFFERENT = 8
#: The share of a secret's groups of three that may be repetitions of earlier ones.
MOST_REPEATED = 1 / 3
#: The share of a secret's steps, from one byte to the next, that may be the same.
MOST_EQUAL_STEPS = 1 / 2

_HEX = re.compile(r"([0-9A-Fa-f]{2})+", re.ASCII)


def weakness_of_text(text: str) -> str | None:
    """Say why a text is no secret, as it is and as what it is the base64 or hex of; else None."""
    faults = (weakness(form) for form in _forms(text))
    return next((fault for fault in faults if fault is not None), None)


def weakness(secret: bytes) -> str | None:
    """Say why these bytes are no secret; None where nothing shows that they are none.

    Returns:
        The end of a sentence that begins with the secret's name.
    """
    if len(set(secret)) < FEWEST_DIFFERENT:
        return "has too few different characters to be random"
    steps = Counter((after - before) % 256 for before, after in pairwise(secret))
    if max(steps.values()) > MOST_EQUAL_STEPS * (len(secret) - 1):
        return "counts up or down instead of being random"
    groups = [secret[at : at + 3] for at in range(len(secret) - 2)]
    if len(groups) - len(set(groups)) > MOST_REPEATED * len(groups):
        return "repeats itself instead of being random"
    return None


def is_same_secret(first: str, other: str) -> bool:
    """Tell whether two texts are one secret, if need be in different spellings."""
    return not set(_forms(first)).isdisjoint(_forms(other))


def _forms(text: str) -> Iterator[bytes]:
    """Yield what a text may stand for: itself, and the bytes that it spells out."""
    stripped = text.strip()
    if _HEX.fullmatch(stripped):
        # Sixteen different digits look the same whether or not they are random.
        yield bytes.fromhex(stripped)
        return
    yield stripped.encode()
    standard = stripped.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        yield b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        return
