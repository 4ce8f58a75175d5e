"""The protocol that every channel implements, and its errors."""

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
    """The configuration of channels; each reads its own `options` by name, such as `smtp_url`."""

    options: Mapping[str, str] = field(repr=False)
    #: Returns the key of 32 bytes for a purpose.
    key: Callable[[str], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message for one person or one webhook."""

    delivery_id: UUID
    #: When it was queued.
    created_at: datetime
    #: The recipient's address, of the kind that the channel uses.
    address: str
    name: str
    #: The message as this person receives it, with their own link.
    message: RenderedMessage
    #: The same link alone, for channels that show it as a button.
    link: str | None = field(default=None, repr=False)
    #: The release that it belongs to, by which mail programs group messages.
    release_id: UUID | None = None
    #: The account that the message belongs to.
    account_id: UUID | None = None
    #: The user or webhook; `seeds` are what a webhook's secrets are derived from, newest first.
    recipient_id: UUID | None = None
    seeds: tuple[bytes, ...] = ()


class Undelivered(Exception):
    """The message could not be sent; says why in the receiving side's own words."""

    #: Whether no later attempt can succeed.
    final = False
    #: Whether the recipient no longer exists.
    gone = False

    def __init__(self, message: str, *, after: timedelta | None = None) -> None:
        # A server may send characters that no database stores.
        super().__init__(storable(message))
        #: How long the receiving side asked to wait before the next attempt.
        self.retry_after = after


class PermanentFailure(Undelivered):
    """The message was refused for good."""

    final = True


class Gone(PermanentFailure):
    """The recipient no longer exists; a webhook is then switched off."""

    gone = True


class ChannelFailed(Exception):
    """A channel cannot be loaded or is misconfigured; the message says which and why."""


class Channel(Protocol[Prepared]):
    """Sends messages. It is used on one event loop and needs no locks."""

    @classmethod
    def from_context(cls, context: ChannelContext) -> Self | None:
        """Return the channel, or None if it is not configured.

        Raises:
            ChannelFailed: It is misconfigured.
        """
        ...

    @property
    def name(self) -> str:
        """Return the name by which deliveries name the channel."""
        ...

    def prepare(self, outgoing: Outgoing) -> Prepared:
        """Compute what sending needs; called in a worker thread."""
        ...

    async def send(self, prepared: Prepared) -> None:
        """Send the message within a time limit of the channel's own.

        Raises:
            Undelivered: It was not accepted.
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...
