"""The port every channel implements, and what can go wrong behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, Self, TypeVar
from uuid import UUID

from engine.model.text import storable
from notifications.content.message import RenderedMessage

Prepared = TypeVar("Prepared")


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """What a channel is built from; it picks its own `options` by name (`smtp_url`)."""

    options: Mapping[str, str] = field(repr=False)
    #: A key of 32 bytes for a purpose of the channel's own.
    key: Callable[[str], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message for one person, or one webhook."""

    delivery_id: UUID
    #: When it was queued.
    created_at: datetime
    #: Where it goes, by the channel's own kind of address.
    address: str
    name: str
    #: As this person gets it, their own link in it.
    message: RenderedMessage
    #: The same link by itself, for channels that show it as a button of their own.
    link: str | None = field(default=None, repr=False)
    #: What it belongs to; messages of one release are read together.
    release_id: UUID | None = None
    #: Whose message it is.
    account_id: UUID | None = None
    #: The user, or the webhook with what its secrets are made from, the newest first.
    recipient_id: UUID | None = None
    seeds: tuple[bytes, ...] = ()


class Undelivered(Exception):
    """The channel could not convey it; says why in the other side's own words."""

    #: Trying again would not help.
    final = False
    #: Nor would sending anything else there, ever.
    gone = False

    def __init__(self, message: str, *, after: timedelta | None = None) -> None:
        # The other side may say what no database stores.
        super().__init__(storable(message))
        #: The other side asked to be left alone for so long.
        self.after = after


class Refused(Undelivered):
    """Refused for good."""

    final = True


class Gone(Refused):
    """There is nobody any more: a webhook is switched off then."""

    gone = True


class ChannelFailed(Exception):
    """A channel cannot be loaded, or is configured wrongly; the message says which and why."""


class Channel(Protocol[Prepared]):
    """Conveys messages to people. Used on one event loop; needs no locks."""

    @classmethod
    def from_context(cls, context: ChannelContext) -> Self | None:
        """The channel, or None if it is not configured. `ChannelFailed` if wrongly so."""
        ...

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
