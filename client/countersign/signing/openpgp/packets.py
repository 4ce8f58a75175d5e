"""Packets of OpenPGP (RFC 9580 sections 3 to 6): lengths, numbers, subpackets and ASCII armor."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator
from enum import IntEnum

#: Characters in a line of ASCII armor.
_ARMOR_LINE_CHARACTERS = 64
_ARMOR_BEGIN = b"-----BEGIN PGP "
#: Lengths below these take one and two bytes (RFC 9580 section 4.2.1).
_TWO_BYTES_FROM = 192
_FIVE_BYTES_FROM = 8384
#: First bytes from this on announce a partial length, or one of four bytes.
_PARTIAL_FROM = 224
_FOUR_BYTES = 255
#: How many bytes the length of a packet in the earlier format takes (section 4.2.2).
_EARLIER_LENGTH_BYTES = {0: 1, 1: 2, 2: 4}


class Tag(IntEnum):
    """The packets that are read or written here (RFC 9580 section 5)."""

    SIGNATURE = 2
    PUBLIC_KEY = 6
    PUBLIC_SUBKEY = 14


class MalformedPackets(ValueError):
    """The bytes are no packets."""


def packet(tag: Tag, body: bytes) -> bytes:
    """Return a packet: its header in the current format, and its body."""
    return bytes([0xC0 | tag]) + encode_length(len(body)) + body


def subpacket(type_: int, value: bytes) -> bytes:
    """Return a subpacket of a signature, not critical."""
    return encode_length(len(value) + 1) + bytes([type_]) + value


def encode_length(length: int) -> bytes:
    """Return a length as packets and subpackets have it."""
    if length < _TWO_BYTES_FROM:
        return bytes([length])
    if length < _FIVE_BYTES_FROM:
        return (length - _TWO_BYTES_FROM + (_TWO_BYTES_FROM << 8)).to_bytes(2, "big")
    return bytes([_FOUR_BYTES]) + length.to_bytes(4, "big")


def encode_number(number: int) -> bytes:
    """Return a whole number with its length in bits (section 3.2)."""
    bits = number.bit_length()
    return bits.to_bytes(2, "big") + number.to_bytes((bits + 7) // 8, "big")


def decode_numbers(data: bytes) -> list[int]:
    """Return the whole numbers that the data consists of.

    Raises:
        MalformedPackets: It ends within a number.
    """
    numbers = []
    while data:
        end = 2 + (int.from_bytes(data[:2], "big") + 7) // 8
        _require(len(data) >= end)
        numbers.append(int.from_bytes(data[2:end], "big"))
        data = data[end:]
    return numbers


def packets_in(content: bytes) -> list[tuple[int, bytes]]:
    """Return tag and body of each packet, of ASCII armor or of plain packets.

    Raises:
        MalformedPackets: It is neither.
    """
    data = unarmored(content.decode("ascii")) if _ARMOR_BEGIN in content else content
    return list(_read_packets(data))


def read_subpackets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type, with the bit that says whether it is critical, and value of each subpacket.

    Raises:
        MalformedPackets: The data ends within a subpacket.
    """
    while data:
        length, start = _decode_length(data)
        end = start + length
        _require(length > 0 and len(data) >= end)
        yield data[start], data[start + 1 : end]
        data = data[end:]


def armored_signature(data: bytes) -> bytes:
    """Return a detached signature in ASCII armor, with the checksum that older programs need."""
    lines = textwrap.wrap(base64.b64encode(data).decode("ascii"), _ARMOR_LINE_CHARACTERS)
    checksum = base64.b64encode(_crc24(data).to_bytes(3, "big")).decode("ascii")
    begin, end = "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----\n"
    return "\n".join([begin, "", *lines, f"={checksum}", end]).encode("ascii")


def unarmored(text: str) -> bytes:
    """Return what ASCII armor has in it; its checksum is not looked at (section 6.1).

    Raises:
        MalformedPackets: It is no ASCII armor.
    """
    _, _, rest = text.replace("\r\n", "\n").partition("\n\n")
    body = rest.partition("\n-----END ")[0].partition("\n=")[0]
    _require(bool(body))
    return base64.b64decode(body)


def _read_packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        header = data[0]
        _require(header & 0x80 != 0)
        if header & 0x40:
            tag = header & 0x3F
            length, length_bytes = _decode_length(data[1:])
        else:
            tag = (header & 0x3C) >> 2
            length_bytes = _EARLIER_LENGTH_BYTES.get(header & 0x03, 0)
            length = int.from_bytes(data[1 : 1 + length_bytes], "big")
        start = 1 + length_bytes
        _require(length_bytes > 0 and len(data) >= start + length)
        yield tag, data[start : start + length]
        data = data[start + length :]


def _decode_length(data: bytes) -> tuple[int, int]:
    """Return a length in the current format, and how many bytes it takes."""
    _require(bool(data))
    first = data[0]
    if first < _TWO_BYTES_FROM:
        return first, 1
    if first == _FOUR_BYTES:
        return int.from_bytes(data[1:5], "big"), 5
    _require(first < _PARTIAL_FROM and len(data) > 1)
    return (first - _TWO_BYTES_FROM << 8) + data[1] + _TWO_BYTES_FROM, 2


def _require(condition: bool) -> None:
    if not condition:
        raise MalformedPackets("These are no packets of OpenPGP.")


def _crc24(data: bytes) -> int:
    checksum = 0xB704CE
    for byte in data:
        checksum ^= byte << 16
        for _ in range(8):
            checksum <<= 1
            if checksum & 0x1000000:
                checksum ^= 0x1864CFB
    return checksum
