"""A message as MIME, with the headers that good mail has.

The standard library writes whatever a user may have a say in, and refuses line breaks in any
header. Its generator is left out: the parts are joined here, byte for byte as it would join them,
and so is what can have one form only. That was most of the cost of sending a mail.

What belongs to one person, their address and the part with their link, is encoded by itself and
joined in at its place. Encoded text is never searched.
"""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from uuid import UUID

from notifications.channels.base import Outgoing
from notifications.content.message import Parts

# Encoded words and quoted-printable, so that any server passes it on as it is.
POLICY = SMTP.clone(raise_on_defect=True, cte_type="7bit", utf8=False)
#: Between parts: in quoted-printable no `=` stands before `_`, and base64 has no `_` at all.
ALTERNATIVE = "=_countersign_alternative"
MIXED = "=_countersign_mixed"
#: Quoted-printable lines have 76 characters at most; one is for the soft line break.
_LINE = 72
#: A name that means itself in an address; any other is spelt in encoded words.
_PLAIN = re.compile(r"[A-Za-z0-9]+(?:[ '_-][A-Za-z0-9]+)*", re.ASCII)
_LONGEST_PLAIN = 40
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: An address with one spelling only, which is the one it has.
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
#: A subject of one line that needs no encoding.
_PLAIN_SUBJECT = re.compile(r"[!-~]+(?: [!-~]+)*")
_LONGEST_SUBJECT = 60
#: Where the standard library folds a header.
_LONGEST_LINE = 78
_PLAIN_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_BREAK = re.compile(rb"\r\n|\r|\n")
#: One header: each line after the first is a continuation.
_HEADER = re.compile(rb"[!-9;-~]+:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")


@dataclass(frozen=True, slots=True)
class Mail:
    """Ready to hand in."""

    recipient: str
    content: bytes


@lru_cache(maxsize=16)
def sender_of(text: str) -> Address:
    """The sender out of a setting like `Countersign <countersign@example.com>`."""
    name, address = parseaddr(text)
    if "@" not in address:
        raise ValueError(f"this is no sender's address: {text!r}")
    return Address(display_name=name, addr_spec=address)


class UnwritableAddressError(ValueError):
    """No mail can be addressed to it; no later try changes that."""


def build(outgoing: Outgoing, sender: Address) -> bytes:
    """Text and HTML, perhaps an invitation; the same delivery always has the same `Message-ID`."""
    message = outgoing.message
    message_id = _id_header("Message-ID", str(outgoing.delivery_id), sender.domain)
    headers = _common_headers(
        message.subject, str(sender), outgoing.created_at, outgoing.release_id
    )
    content = _multipart(
        "alternative",
        ALTERNATIVE,
        [_part("plain", message.text_parts), _part("html", message.html_parts)],
    )
    if message.calendar is not None:
        content = _multipart("mixed", MIXED, [content, _invitation(message.calendar)])
    try:
        recipient = _recipient(outgoing)
    except Exception as error:
        # The library has many ways to say that it is no address.
        raise UnwritableAddressError(f"the address cannot be written: {error}") from error
    return b"".join([recipient, message_id, headers, content])


def _recipient(outgoing: Outgoing) -> bytes:
    """The header `To`. Not by the policy: it drops the quotes of a long name when it folds it, and
    what is in such a name then reads as more recipients.
    """
    local, _, domain = outgoing.address.rpartition("@")
    if _PLAIN_ADDRESS.fullmatch(outgoing.address):
        address = outgoing.address
    elif outgoing.address.isascii():
        # It is one address, and all of it is used.
        address = Address(addr_spec=outgoing.address).addr_spec
    else:
        # International: no spelling in ASCII; its server must speak SMTPUTF8.
        address = Address(username=local, domain=domain).addr_spec
    name = outgoing.name
    if _CONTROL.search(name + address):
        raise ValueError("names and addresses have no CR, LF or other control characters")
    if not _PLAIN.fullmatch(name) or len(name) > _LONGEST_PLAIN:
        name = _encoded_words(_literal(name), "To")
    gap = "\r\n " if len(name) + len(address) > _LINE else " "
    return f"To: {name}{gap}<{address}>\r\n".encode()


def _encoded_words(text: str, header_name: str) -> str:
    return Header(text, "utf-8", header_name=header_name).encode(linesep="\r\n")


def _literal(text: str) -> str:
    """Text that looks like an encoded word stays as it looks: a word joiner keeps it apart."""
    return text.replace("=?", "=\u2060?")


@lru_cache(maxsize=256)
def _common_headers(
    subject: str, sender_text: str, created_at: datetime, release_id: UUID | None
) -> bytes:
    headers = [
        _header("From", sender_text),
        _subject(_literal(subject)),
        f"Date: {format_datetime(created_at)}\r\n".encode(),
    ]
    if release_id is not None:
        domain = sender_of(sender_text).domain
        headers += [
            _id_header(name, f"release.{release_id}", domain)
            for name in ("In-Reply-To", "References")
        ]
    headers.append(
        b"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n"
    )
    return b"".join(headers)


def _multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    between = f"--{boundary}\r\n".encode()
    return b"".join(
        [
            f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode(),
            *(between + part + b"\r\n" for part in parts),
            f"--{boundary}--\r\n".encode(),
        ]
    )


def _invitation(calendar: str) -> bytes:
    return (
        b'Content-Type: text/calendar; method="PUBLISH"; charset="utf-8"\r\n'
        b'Content-Disposition: attachment; filename="release.ics"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    ) + _lines(base64.encodebytes(calendar.encode()))


def _part(subtype: str, parts: Parts) -> bytes:
    headers = (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    encoded = [_encode_shared(parts.before), _encode(parts.own), _encode_shared(parts.after)]
    return headers.encode() + _join_encoded(encoded)


def _join_encoded(pieces: Sequence[bytes]) -> bytes:
    """Quoted-printable after quoted-printable; a soft line break where a line goes on."""
    filled = [piece for piece in pieces if piece]
    joined = [piece if piece.endswith(b"\n") else piece + b"=\r\n" for piece in filled[:-1]]
    return b"".join([*joined, *filled[-1:]])


def _encode(text: str) -> bytes:
    return _lines(quopri.encodestring(text.encode()))


#: For what many people read; what one person reads is not kept.
_encode_shared = lru_cache(maxsize=256)(_encode)


def _lines(text: bytes) -> bytes:
    return _BREAK.sub(b"\r\n", text)


def _subject(text: str) -> bytes:
    if _PLAIN_SUBJECT.fullmatch(text) and len(text) <= _LONGEST_SUBJECT:
        return f"Subject: {text}\r\n".encode()
    if text.isascii():
        return _written("Subject", text)
    if _CONTROL.search(text):
        raise ValueError("a subject has no CR, LF or other control characters")
    # Not by the policy: it drops spaces where it folds between two encoded words.
    return f"Subject: {_encoded_words(text, 'Subject')}\r\n".encode("ascii")


def _id_header(name: str, identifier: str, domain: str) -> bytes:
    """A header with an id of ours in angle brackets, like `Message-ID`."""
    line = f"{name}: <{identifier}@{domain}>"
    if len(line) <= _LONGEST_LINE and _PLAIN_DOMAIN.fullmatch(domain):
        return f"{line}\r\n".encode("ascii")
    ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    return _written(name, f"<{identifier}@{ascii_domain}>")


@lru_cache(maxsize=256)
def _header(name: str, value: str) -> bytes:
    """For values that come again and again."""
    return _written(name, value)


def _written(name: str, value: str) -> bytes:
    """By the standard library, and looked at once more."""
    name, stored = POLICY.header_store_parse(name, value)
    folded: bytes = POLICY.fold_binary(name, stored)
    if not _HEADER.fullmatch(folded):
        raise ValueError(f"the header {name} would have a line break in it")
    return folded
