"""A message as MIME, with the headers that good mail has.

The standard library's policy writes every header and refuses line breaks in any. What is common to
all who get a message is serialised once: that was most of the cost of sending one.
"""

from __future__ import annotations

import base64
import quopri
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from notifications.channels.base import Outgoing
from notifications.messages import LINK, Message

if TYPE_CHECKING:
    Policy: TypeAlias = EmailPolicy[EmailMessage[Any, Any]]

# Encoded words and quoted-printable, so that any server passes it on as it is.
POLICY = SMTP.clone(raise_on_defect=True, cte_type="7bit", utf8=False)
_UTF8 = POLICY.clone(utf8=True)
#: A line of its own in the serialised mail, where the person's link goes.
_MARK = "countersign-link-of-one-person"
#: Quoted-printable lines have 76 characters at most; one is for the soft line break.
_LINE = 72


def sender_of(text: str) -> Address:
    """The sender out of a setting like `Countersign <countersign@example.com>`."""
    name, address = parseaddr(text)
    if "@" not in address:
        raise ValueError(f"this is no sender's address: {text!r}")
    return Address(display_name=name, addr_spec=address)


def build(outgoing: Outgoing, sender: Address) -> bytes:
    """Text and HTML, perhaps an invitation; the same delivery always has the same `Message-ID`."""
    common = _common(outgoing.message, str(sender), outgoing.created_at, outgoing.release_id)
    # An international address has no spelling in ASCII; its server must speak SMTPUTF8.
    policy = POLICY if outgoing.address.isascii() else _UTF8
    own = _header("To", _recipient(outgoing), policy)
    own += _header("Message-ID", f"<{outgoing.delivery_id}@{sender.domain}>")
    if outgoing.link is not None:
        common = common.replace(_MARK.encode(), _quoted(outgoing.link))
    return own + common


def _recipient(outgoing: Outgoing) -> Address:
    local, _, domain = outgoing.address.rpartition("@")
    if not outgoing.address.isascii():
        return Address(display_name=outgoing.name, username=local, domain=domain)
    # Checked more closely: it is one address, and all of it is used.
    return Address(display_name=outgoing.name, addr_spec=outgoing.address)


@lru_cache(maxsize=256)
def _common(
    message: Message, sender_text: str, created_at: datetime, release_id: UUID | None
) -> bytes:
    mail, sender = EmailMessage(policy=POLICY), sender_of(sender_text)
    mail["From"] = sender
    mail["Subject"] = message.subject
    mail["Date"] = created_at
    if release_id is not None:
        thread = f"<release.{release_id}@{sender.domain}>"
        mail["In-Reply-To"] = thread
        mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.make_alternative()
    mail.attach(_part("plain", message.text))
    mail.attach(_part("html", message.html))
    if message.calendar is not None:
        mail.make_mixed()
        mail.attach(_invitation(message.calendar))
    return mail.as_bytes()


def _invitation(calendar: str) -> EmailMessage:
    part = EmailMessage(policy=POLICY)
    part["Content-Type"] = 'text/calendar; method=PUBLISH; charset="utf-8"'
    part["Content-Disposition"] = 'attachment; filename="release.ics"'
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(calendar.encode()).decode("ascii"))
    return part


def _part(subtype: str, content: str) -> EmailMessage:
    part = EmailMessage(policy=POLICY)
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    # Soft line breaks around it keep the link in one piece, to be found and replaced.
    pieces = [quopri.encodestring(piece.encode()).decode("ascii") for piece in content.split(LINK)]
    part.set_payload(f"=\n{_MARK}=\n".join(pieces))
    return part


def _quoted(link: str) -> bytes:
    lines = [link[at : at + _LINE // 3] for at in range(0, len(link), _LINE // 3)]
    return b"=\r\n".join(quopri.encodestring(line.encode()) for line in lines)


def _header(name: str, value: str | Address, policy: Policy = POLICY) -> bytes:
    name, stored = policy.header_store_parse(name, value)
    folded: bytes = policy.fold_binary(name, stored)
    return folded
