"""Words that the database keeps, as members of enums."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

Word = TypeVar("Word", bound=StrEnum)


def known_word(enum: type[Word], stored: str | None) -> Word | None:
    """Return the enum's member of a stored word.

    Returns:
        None without a word, and for one that a newer version has written.
    """
    return enum(stored) if stored in frozenset(enum) else None
