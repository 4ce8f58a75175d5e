"""The port every channel implements, and what can go wrong behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from notifications.messages import Message

Prepared = TypeVar("Prepared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message for one person."""

    delivery_id: UUID
    #: When it was queued.
    created_at: datetime
    #: Where it goes, by the channel's own kind of address.
    address: str
    name: str
    #: The same for everybody; `written` has this person's link in it.
    message: Message
    link: str | None = None
    #: What it belongs to; messages of one release are read together.
    release_id: UUID | None = None

    @property
    def written(self) -> Message:
        """The message as this person gets it."""
        return self.message.with_link(self.link) if self.link else self.message


class Undelivered(Exception):
    """The channel could not convey it; says why in the other side's own words."""

    #: Trying again would not help.
    final = False


class Refused(Undelivered):
    """Refused for good."""

    final = True


class Channel(Protocol[Prepared]):
    """Conveys messages to people."""

    @property
    def name(self) -> str:
        """What deliveries call it; its relay claims no others."""
        ...

    def prepare(self, outgoing: Outgoing) -> Prepared:
        """Everything that costs time to compute; called in a worker thread."""
        ...

    async def send(self, prepared: Prepared) -> None:
        """Convey it, within a time limit of its own. Raises `Undelivered`."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...
