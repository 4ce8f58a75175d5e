"""Received mails and their parts; no part is trusted to be well formed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message as Mime
from typing import Protocol

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CaughtMail:
    id: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str | None
    html: str | None
    headers: Headers
    raw: bytes

    def is_for(self, address: str) -> bool:
        return address.casefold() in (recipient.casefold() for recipient in self.recipients)


class MessageStore(Protocol):
    """The source of a mailbox's messages."""

    def newest_first(self, *, to: str | None = None) -> list[CaughtMail]:
        """Return all messages, or those for one address, the newest first."""
        ...

    def find(self, message_id: str) -> CaughtMail | None:
        """Return a message by its id; None if there is none."""
        ...

    def recipients(self) -> dict[str, int]:
        """Return how many messages each recipient has, by address."""
        ...


def count_recipients(messages: Iterable[CaughtMail]) -> dict[str, int]:
    """Return how many of the messages each recipient has, by address."""
    counts = Counter(
        recipient.casefold() for message in messages for recipient in message.recipients
    )
    return dict(sorted(counts.items()))


def parse(
    raw: bytes, *, message_id: str, received_at: datetime, sender: str, recipients: tuple[str, ...]
) -> CaughtMail:
    mime = message_from_bytes(raw)
    headers = tuple((name, _readable(value)) for name, value in mime.items())
    return CaughtMail(
        id=message_id,
        received_at=received_at,
        sender=sender,
        recipients=recipients,
        subject=next((value for name, value in headers if name.lower() == "subject"), ""),
        text=_body(mime, "text/plain"),
        html=_body(mime, "text/html"),
        headers=headers,
        raw=raw,
    )


def _readable(value: object) -> str:
    """Return a header decoded and unfolded; one that is malformed is returned as it is."""
    unfolded = "".join(str(value).splitlines())
    try:
        return str(make_header(decode_header(unfolded)))
    except (LookupError, ValueError, MessageError):
        return unfolded


def _body(mime: Mime, content_type: str) -> str | None:
    for part in mime.walk():
        attached = part.get_content_disposition() == "attachment"
        if part.get_content_type() == content_type and not attached:
            return _decoded(part)
    return None


def _decoded(part: Mime) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)  # a part of type text holds no further parts
    try:
        return content.decode(part.get_content_charset("utf-8"), errors="replace")
    except (LookupError, ValueError):  # a charset nobody knows, or one that is no charset
        return content.decode("utf-8", errors="replace")
