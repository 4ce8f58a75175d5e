"""Reading and writing DER (X.690), as far as signatures in CMS need it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.asn1 import encode_der

SEQUENCE = 0x30
SET = 0x31
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
NULL = b"\x05\x00"


class Element(NamedTuple):
    """A value with its tag."""

    tag: int
    content: bytes
    #: All of it, as it stands in what was read.
    encoded: bytes


def element(tag: int, *contents: bytes) -> bytes:
    """Return a value of DER that consists of others or of bytes."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def set_of(*elements: bytes, tag: int = SET) -> bytes:
    """Return a set, whose elements DER has sorted."""
    return element(tag, *sorted(elements))


def identifier(dotted: str) -> bytes:
    """Return an object identifier."""
    return encode_der(x509.ObjectIdentifier(dotted))


def integer(number: int) -> bytes:
    """Return an integer."""
    return encode_der(number)


def elements(content: bytes) -> Iterator[Element]:
    """Yield the values that follow each other in a content.

    Raises:
        ValueError: It is no DER, or has a tag of several bytes.
    """
    position = 0
    while position < len(content):
        start = position
        header, position = content[position : position + 2], position + 2
        if len(header) < 2 or header[0] & 0x1F == 0x1F or header[1] == 0x80:
            raise ValueError("This is no DER.")
        length = header[1]
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(content[position : position + size])
            position += size
        end = position + length
        if end > len(content):
            raise ValueError("A value ends after what it is in.")
        yield Element(header[0], content[position:end], content[start:end])
        position = end


def parts(content: bytes, *tags: int) -> list[Element]:
    """Return the values of a content, which have to begin with these tags.

    Raises:
        ValueError: They do not.
    """
    values = list(elements(content))
    if tuple(value.tag for value in values[: len(tags)]) != tags:
        raise ValueError("The structure is another one.")
    return values
