"""Writes a message as MIME.

The standard library encodes every value that a user can influence, and refuses line breaks in any
header. Its generator is not used, since it was most of the cost of a mail: the parts, and headers
that have only one form, are joined here, byte for byte as the generator would join them.

What belongs to one person, the address and the part with the link, is encoded separately and joined
in its place. Encoded text is never searched.
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

# ASCII only, so that every server passes the mail on unchanged.
POLICY = SMTP.clone(raise_on_defect=True, cte_type="7bit", utf8=False)
#: Boundaries that no part can contain: quoted-printable has no `=_`, and base64 has no `_`.
ALTERNATIVE = "=_countersign_alternative"
MIXED = "=_countersign_mixed"
#: Name and address together longer than this are put on two lines.
_MAX_ADDRESS_LINE = 72
#: A name that needs no quoting in an address; any other is written in encoded words.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?:[ '_-][A-Za-z0-9]+)*", re.ASCII)
_MAX_PLAIN_NAME = 40
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: An address that has only one spelling.
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
#: A subject of one line that needs no encoding.
_PLAIN_SUBJECT = re.compile(r"[!-~]+(?: [!-~]+)*")
_MAX_PLAIN_SUBJECT = 60
#: Where the standard library folds a header.
_MAX_HEADER_LINE = 78
_PLAIN_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_LINE_BREAK = re.compile(rb"\r\n|\r|\n")
#: One header: each line after the first is a continuation.
_HEADER = re.compile(rb"[!-9;-~]+:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, ready to be sent."""

    recipient: str
    content: bytes


@lru_cache(maxsize=16)
def sender_of(text: str) -> Address:
    """Return the sender of a setting like `Countersign <countersign@example.com>`.

    Raises:
        ValueError: It has no address.
    """
    name, address = parseaddr(text)
    if "@" not in address:
        raise ValueError(f"this is no sender's address: {text!r}")
    return Address(display_name=name, addr_spec=address)


class UnwritableAddressError(ValueError):
    """No mail can be addressed to it, and no later attempt changes that."""


def build(outgoing: Outgoing, sender: Address) -> bytes:
    """Return the mail: text and HTML, and the calendar file if there is one.

    The same delivery always has the same `Message-ID`.

    Raises:
        UnwritableAddressError: The recipient's address cannot be written.
    """
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
        content = _multipart("mixed", MIXED, [content, _calendar_part(message.calendar)])
    try:
        recipient = _recipient(outgoing)
    except Exception as error:
        # The library raises many kinds of errors for an invalid address.
        raise UnwritableAddressError(f"the address cannot be written: {error}") from error
    return b"".join([recipient, message_id, headers, content])


def _recipient(outgoing: Outgoing) -> bytes:
    """Return the header `To`.

    The library's policy is not used: it drops the quotes of a long name when it folds it, and parts
    of the name could then be read as more recipients.
    """
    local, _, domain = outgoing.address.rpartition("@")
    if _PLAIN_ADDRESS.fullmatch(outgoing.address):
        address = outgoing.address
    elif outgoing.address.isascii():
        # The library refuses anything but one whole address.
        address = Address(addr_spec=outgoing.address).addr_spec
    else:
        # An international address has no spelling in ASCII; its server must support SMTPUTF8.
        address = Address(username=local, domain=domain).addr_spec
    name = outgoing.name
    if _CONTROL.search(name + address):
        raise ValueError("names and addresses have no CR, LF or other control characters")
    if not _PLAIN_NAME.fullmatch(name) or len(name) > _MAX_PLAIN_NAME:
        name = _encoded_words(_escape_encoded_words(name), "To")
    gap = "\r\n " if len(name) + len(address) > _MAX_ADDRESS_LINE else " "
    return f"To: {name}{gap}<{address}>\r\n".encode()


def _encoded_words(text: str, header_name: str) -> str:
    return Header(text, "utf-8", header_name=header_name).encode(linesep="\r\n")


def _escape_encoded_words(text: str) -> str:
    """Insert a word joiner into text that looks like an encoded word, so that it is not decoded."""
    return text.replace("=?", "=\u2060?")


@lru_cache(maxsize=256)
def _common_headers(
    subject: str, sender_text: str, created_at: datetime, release_id: UUID | None
) -> bytes:
    headers = [
        _header("From", sender_text),
        _subject(_escape_encoded_words(subject)),
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
    delimiter = f"--{boundary}\r\n".encode()
    return b"".join(
        [
            f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode(),
            *(delimiter + part + b"\r\n" for part in parts),
            f"--{boundary}--\r\n".encode(),
        ]
    )


@lru_cache(maxsize=256)
def _calendar_part(calendar: str) -> bytes:
    return (
        b'Content-Type: text/calendar; method="PUBLISH"; charset="utf-8"\r\n'
        b'Content-Disposition: attachment; filename="release.ics"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    ) + _with_crlf(base64.encodebytes(calendar.encode()))


def _part(subtype: str, parts: Parts) -> bytes:
    headers = (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    encoded = [
        _encode_shared(parts.before),
        _encode(parts.own),
        _encode_shared(parts.after),
        _encode_shared(parts.footer),
    ]
    return headers.encode() + _join_encoded(encoded)


def _join_encoded(pieces: Sequence[bytes]) -> bytes:
    """Join texts in quoted-printable, with a soft line break where a line continues."""
    nonempty = [piece for piece in pieces if piece]
    joined = [piece if piece.endswith(b"\n") else piece + b"=\r\n" for piece in nonempty[:-1]]
    return b"".join([*joined, *nonempty[-1:]])


def _encode(text: str) -> bytes:
    return _with_crlf(quopri.encodestring(text.encode()))


#: The cached form, for parts that many readers share.
_encode_shared = lru_cache(maxsize=256)(_encode)


def _with_crlf(text: bytes) -> bytes:
    return _LINE_BREAK.sub(b"\r\n", text)


def _subject(text: str) -> bytes:
    if _PLAIN_SUBJECT.fullmatch(text) and len(text) <= _MAX_PLAIN_SUBJECT:
        return f"Subject: {text}\r\n".encode()
    if text.isascii():
        return _library_header("Subject", text)
    if _CONTROL.search(text):
        raise ValueError("a subject has no CR, LF or other control characters")
    # The library's policy is not used: it drops spaces where it folds between two encoded words.
    return f"Subject: {_encoded_words(text, 'Subject')}\r\n".encode("ascii")


def _id_header(name: str, identifier: str, domain: str) -> bytes:
    """Return a header with an identifier in angle brackets, like `Message-ID`."""
    line = f"{name}: <{identifier}@{domain}>"
    if len(line) <= _MAX_HEADER_LINE and _PLAIN_DOMAIN.fullmatch(domain):
        return f"{line}\r\n".encode("ascii")
    ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    return _library_header(name, f"<{identifier}@{ascii_domain}>")


@lru_cache(maxsize=256)
def _header(name: str, value: str) -> bytes:
    """Return a header, cached for values that are used again and again."""
    return _library_header(name, value)


def _library_header(name: str, value: str) -> bytes:
    """Return a header that the standard library wrote, checked to be one header alone."""
    name, stored = POLICY.header_store_parse(name, value)
    folded: bytes = POLICY.fold_binary(name, stored)
    if not _HEADER.fullmatch(folded):
        raise ValueError(f"the header {name} would have a line break in it")
    return folded
