"""Renders claimed deliveries: makes of each what its channel sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Row

from engine.logs.exceptions import log_origin
from engine.model import addresses
from engine.model.derived_tokens import has_hash
from notifications.channels.base import Channel, Outgoing, Undelivered
from notifications.content.message import Parts, RenderedMessage
from notifications.content.texts import language_of
from notifications.content.writer import MessageRenderer, Reader
from notifications.links import action_links
from notifications.outbox import address_mails
from notifications.vocabulary import MessageKind

log = structlog.get_logger("countersign.relay")


@dataclass(frozen=True, slots=True)
class PreparedDelivery:
    """A claimed delivery with what the channel sends, or why there is nothing to send."""

    row: Row[Any]
    #: Who receives it: the host of an address or URL.
    host: str
    #: By when sending has to begin, in seconds of `time.monotonic()`.
    begin_before: float
    content: Any = None
    error: Undelivered | None = None
    #: Why the message is in its plain form; None: it says everything.
    fault: str | None = None
    #: The person's own link, which nobody else is told.
    link: str | None = field(default=None, repr=False)


class DeliveryPreparer:
    """Renders the deliveries of one channel. It needs no database, and may run in any thread."""

    def __init__(
        self, channel: Channel[Any], renderer: MessageRenderer, link_key: bytes, public_url: str
    ) -> None:
        self._channel = channel
        self._renderer = renderer
        self._link_key = link_key
        self._public_url = public_url

    def prepare(self, row: Row[Any], begin_before: float) -> PreparedDelivery:
        """Return what the channel sends, or the error that preparing it met.

        Args:
            row: A claimed delivery.
            begin_before: By when sending has to begin, in seconds of `time.monotonic()`.
        """
        prepared = partial(PreparedDelivery, row, _host_of(row), begin_before)
        try:
            outgoing = self._message(row) if row.webhook_id is None else self._event(row)
            content, fault = self._channel.prepare(outgoing), outgoing.message.fault
            return prepared(content, fault=fault, link=outgoing.link)
        except Undelivered as error:
            return prepared(error=error)
        except Exception as error:  # noqa: BLE001 - templates and channels may be anybody's
            # A message that cannot be written keeps nobody else's from being sent.
            log_origin(log, "message_not_written", error, delivery=str(row.id), kind=row.kind)
            message = f"it could not be written: {type(error).__name__}"
            return prepared(error=Undelivered(message))

    def _message(self, row: Row[Any]) -> Outgoing:
        reader = Reader(
            language=language_of(row.locale),
            zone=row.time_zone,
            audiences=row.audiences,
            account_id=row.account_id,
        )
        link, kind = self._link(row), MessageKind(row.kind)
        return Outgoing(
            delivery_id=row.id,
            created_at=row.created_at,
            address=addresses.deliverable(row.address or row.email),
            name=row.name,
            message=self._renderer.render(
                kind, row.facts, reader, link=link, calendar=row.calendar
            ),
            link=link,
            release_id=row.release_id,
            account_id=row.account_id,
            recipient_id=row.user_id,
        )

    def _event(self, row: Row[Any]) -> Outgoing:
        """Return what a webhook is sent: it was rendered when it was queued, and has no link."""
        return Outgoing(
            delivery_id=row.id,
            created_at=row.created_at,
            address=row.url,
            name=row.webhook_name,
            message=RenderedMessage(
                subject=row.kind, text_parts=Parts(row.facts), html_parts=Parts("")
            ),
            release_id=row.release_id,
            account_id=row.account_id,
            recipient_id=row.webhook_id,
            seeds=tuple(seed for seed in (row.seed, row.previous_seed) if seed is not None),
        )

    def _link(self, row: Row[Any]) -> str | None:
        """Return the person's link; None where there is none, or another key made it."""
        if row.address_change_id is not None:
            return address_mails.url_of(self._link_key, self._public_url, row)
        if row.action_link_id is None:
            return None
        token = action_links.token_of(self._link_key, row.action_link_id, row.nonce)
        if not has_hash(token, row.token_hash):
            log.error("action_link_of_another_key", delivery=str(row.id))
            return None
        return action_links.url_of(self._public_url, row.action_link_id, token)


def _host_of(row: Row[Any]) -> str:
    if row.webhook_id is not None:
        return urlsplit(row.url).hostname or ""
    domain: str = row.email.rpartition("@")[2]
    return domain
