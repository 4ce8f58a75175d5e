"""As much of DER (ITU-T X.690) as it takes to put a signature under what was made here."""

from __future__ import annotations

_SEQUENCE, _BIT_STRING = 0x30, 0x03


def children(der: bytes) -> list[bytes]:
    """Return the elements of a constructed element, each with its tag and length."""
    content = der[_header_length(der) :]
    elements = []
    while content:
        end = _header_length(content) + _content_length(content)
        elements.append(content[:end])
        content = content[end:]
    return elements


def sequence(*elements: bytes) -> bytes:
    """Return a SEQUENCE of elements."""
    return _element(_SEQUENCE, b"".join(elements))


def bit_string(value: bytes) -> bytes:
    """Return a BIT STRING of whole bytes."""
    return _element(_BIT_STRING, b"\x00" + value)


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def _header_length(der: bytes) -> int:
    return 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)


def _content_length(der: bytes) -> int:
    if not der[1] & 0x80:
        return der[1]
    return int.from_bytes(der[2 : _header_length(der)], "big")
