"""Values of changed fields, shortened so that the difference can still be seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model import addresses

#: The length of a value that is shown whole; no name and no e-mail address is longer.
MAX_CHARACTERS = addresses.MAX_ADDRESS_BYTES
#: How many characters are shown before the first difference.
_CONTEXT_CHARACTERS = 40
_ELLIPSIS = "..."


def shortened(text: str) -> str:
    """Return a text whole, or its beginning where it is too long."""
    if len(text) <= MAX_CHARACTERS:
        return text
    return f"{text[: MAX_CHARACTERS - len(_ELLIPSIS)]}{_ELLIPSIS}"


def before_and_after(change: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return both values of a changed field; of long texts the part with the first difference."""
    before, after = change["before"], change["after"]
    if not (isinstance(before, str) and isinstance(after, str)):
        return before, after
    differs_at = _first_difference(before, after)
    if max(len(before), len(after)) <= MAX_CHARACTERS or differs_at < MAX_CHARACTERS // 2:
        return shortened(before), shortened(after)
    start = differs_at - _CONTEXT_CHARACTERS
    return _excerpt(before, start), _excerpt(after, start)


def _first_difference(first: str, second: str) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(first), len(second)))


def _excerpt(text: str, start: int) -> str:
    length = MAX_CHARACTERS - 2 * len(_ELLIPSIS)
    end = start + length
    return f"{_ELLIPSIS}{text[start:end]}{_ELLIPSIS if end < len(text) else ''}"
