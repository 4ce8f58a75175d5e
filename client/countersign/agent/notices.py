"""Refusals as people read them: tools have only numbers for them."""

from __future__ import annotations

from collections.abc import Callable

#: Writes `countersign: CODE: sentence` to where the person looks.
Notify = Callable[[str, str], None]


def notice(code: str, sentence: str) -> str:
    """The line that a person reads, without control characters of a server or a tool."""
    line = f"countersign: {code}: {sentence}"
    return "".join(character if character.isprintable() else " " for character in line)
