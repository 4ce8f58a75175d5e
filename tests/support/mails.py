"""Messages and mails without an outbox: built, and read again as a mail program reads them."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from notifications.channels.base import Outgoing
from notifications.channels.mime import build, sender_of
from notifications.content.message import Parts, RenderedMessage

SENDER = "Countersign <countersign@example.com>"


def message_of(
    text: str = "", html: str = "", subject: str = "Hello", calendar: str | None = None
) -> RenderedMessage:
    """A message without a part for one person."""
    return RenderedMessage(
        subject=subject, text_parts=Parts(text), html_parts=Parts(html), calendar=calendar
    )


def mail_of(**changes: Any) -> EmailMessage:
    """A mail, built, serialised and read again."""
    values: dict[str, Any] = {
        "delivery_id": UUID(int=7),
        "created_at": datetime(2030, 6, 3, 12, tzinfo=UTC),
        "address": "ann@example.com",
        "name": "Ann",
        "message": message_of("Text ü\n", "<p>Text ü</p>\n"),
        "release_id": UUID(int=9),
    }
    sender = sender_of("Countersign <countersign@mail.example.com>")
    raw = build(Outgoing(**(values | changes)), sender)
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def outgoing(address: str = "ann@example.com") -> Outgoing:
    """A short message to Ann."""
    return Outgoing(
        delivery_id=UUID(int=1),
        created_at=datetime(2030, 6, 3, tzinfo=UTC),
        address=address,
        name="Ann",
        message=message_of(text="Hello\n", html="<p>Hello</p>\n"),
    )
