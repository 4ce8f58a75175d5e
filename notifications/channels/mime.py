"""A message as MIME, with the headers that good mail has.

The standard library writes every header but `To`, and refuses line breaks in any. What is common to
all who get a message is serialised once: that was most of the cost of sending one.
"""

from __future__ import annotations

import base64
import quopri
import re
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from functools import lru_cache
from uuid import UUID

from notifications.channels.base import Outgoing
from notifications.messages import LINK, Message

# Encoded words and quoted-printable, so that any server passes it on as it is.
POLICY = SMTP.clone(raise_on_defect=True, cte_type="7bit", utf8=False)
#: A line of its own in the serialised mail, where the person's link goes.
_MARK = "countersign-link-of-one-person"
#: Quoted-printable lines have 76 characters at most; one is for the soft line break.
_LINE = 72
#: A name that means itself in an address; any other is spelt in encoded words.
_PLAIN = re.compile(r"[A-Za-z0-9]+(?:[ '_-][A-Za-z0-9]+)*", re.ASCII)
_LONGEST_PLAIN = 40
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def sender_of(text: str) -> Address:
    """The sender out of a setting like `Countersign <countersign@example.com>`."""
    name, address = parseaddr(text)
    if "@" not in address:
        raise ValueError(f"this is no sender's address: {text!r}")
    return Address(display_name=name, addr_spec=address)


def build(outgoing: Outgoing, sender: Address) -> bytes:
    """Text and HTML, perhaps an invitation; the same delivery always has the same `Message-ID`."""
    common = _common(outgoing.message, str(sender), outgoing.created_at, outgoing.release_id)
    own = _recipient(outgoing) + _header("Message-ID", f"<{outgoing.delivery_id}@{sender.domain}>")
    if outgoing.link is not None:
        common = common.replace(_MARK.encode(), _quoted(outgoing.link))
    return own + common


def _recipient(outgoing: Outgoing) -> bytes:
    """The header `To`. Not by the policy: it drops the quotes of a long name when it folds it, and
    what is in such a name then reads as more recipients.
    """
    local, _, domain = outgoing.address.rpartition("@")
    if outgoing.address.isascii():
        # It is one address, and all of it is used.
        address = Address(addr_spec=outgoing.address).addr_spec
    else:
        # International: no spelling in ASCII; its server must speak SMTPUTF8.
        address = Address(username=local, domain=domain).addr_spec
    name = outgoing.name
    if _CONTROL.search(name + address):
        raise ValueError("names and addresses have no CR, LF or other control characters")
    if not _PLAIN.fullmatch(name) or len(name) > _LONGEST_PLAIN:
        name = Header(_literal(name), "utf-8", header_name="To").encode(linesep="\r\n")
    gap = "\r\n " if len(name) + len(address) > _LINE else " "
    return f"To: {name}{gap}<{address}>\r\n".encode()


def _literal(text: str) -> str:
    """Text that looks like an encoded word stays as it looks: a word joiner keeps it apart."""
    return text.replace("=?", "=\u2060?")


@lru_cache(maxsize=256)
def _common(
    message: Message, sender_text: str, created_at: datetime, release_id: UUID | None
) -> bytes:
    mail, sender = EmailMessage(policy=POLICY), sender_of(sender_text)
    mail["From"] = sender
    mail["Subject"] = _literal(message.subject)
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


def _header(name: str, value: str) -> bytes:
    name, stored = POLICY.header_store_parse(name, value)
    folded: bytes = POLICY.fold_binary(name, stored)
    return folded
