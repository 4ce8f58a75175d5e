"""What an operation is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """A GraphQL document with one operation.

    Args:
        text: The document.
        is_repeatable: Whether doing it twice comes to the same as doing it once, so that it may be
            sent again when an answer was lost.
    """

    text: str
    is_repeatable: bool = True
