"""What the token knows of one client, and what every call needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from countersign.agent.notices import Notify
from countersign.agent.p11.objects import ObjectTable
from countersign.agent.p11.sessions import Sessions
from countersign.agent.p11.wire import NO_LENGTH

#: What a call answers, in the order of its signature.
Result = Sequence[Any]


@dataclass(slots=True)
class TokenClient:
    """One client of the token.

    Attributes:
        objects: What is in the token.
        notify: Tells the person why there is no signature.
        sessions: Its open sessions.
        is_initialized: Whether it has introduced itself.
    """

    objects: ObjectTable
    notify: Notify
    sessions: Sessions = field(default_factory=Sessions)
    is_initialized: bool = False


def has_room(room: int, size: int) -> bool:
    """Whether the caller has room for so many; otherwise it is sent only the number."""
    return room != NO_LENGTH and room >= size
