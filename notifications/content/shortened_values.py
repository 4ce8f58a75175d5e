"""Values of changed fields, cut to a length at which what differs is still seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model import addresses

#: In characters; no name and no e-mail address is longer.
LONGEST = addresses.MAX_ADDRESS_BYTES
#: Characters that are shown before the first difference.
_CONTEXT = 40
_CUT = "..."


def shortened(text: str) -> str:
    """The beginning of a text; the whole of one that is not too long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - len(_CUT)]}{_CUT}"


def before_and_after(change: Mapping[str, Any]) -> tuple[Any, Any]:
    """Both values of a changed field; of long texts the part in which they begin to differ."""
    before, after = change["before"], change["after"]
    if not (isinstance(before, str) and isinstance(after, str)):
        return before, after
    differs_at = _first_difference(before, after)
    if max(len(before), len(after)) <= LONGEST or differs_at < LONGEST // 2:
        return shortened(before), shortened(after)
    start = differs_at - _CONTEXT
    return _from(before, start), _from(after, start)


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _from(text: str, start: int) -> str:
    room = LONGEST - 2 * len(_CUT)
    end = start + room
    return f"{_CUT}{text[start:end]}{_CUT if end < len(text) else ''}"
