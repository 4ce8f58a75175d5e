"""Packets of OpenPGP (RFC 9580 sections 3 to 6): lengths, numbers, subpackets and ASCII armor."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator
from enum import IntEnum, StrEnum

#: Characters in a line of ASCII armor.
ARMOR_LINE_CHARACTERS = 64
_CRC24_START, _CRC24_POLYNOMIAL = 0xB704CE, 0x1864CFB
#: Lengths below this take one byte (RFC 9580 section 4.2.1).
_TWO_BYTES_FROM = 192
_FIVE_BYTES_FROM = 8384


class Tag(IntEnum):
    """The packets that a certificate, a secret key and a signature consist of (section 5)."""

    SIGNATURE = 2
    SECRET_KEY = 5
    PUBLIC_KEY = 6
    SECRET_SUBKEY = 7
    USER_ID = 13
    PUBLIC_SUBKEY = 14


class Armor(StrEnum):
    """What ASCII armor says of the packets in it (section 6.2)."""

    PUBLIC_KEY = "PGP PUBLIC KEY BLOCK"
    SIGNATURE = "PGP SIGNATURE"


class MalformedPackets(ValueError):
    """The bytes are no packets. The message quotes nothing of them."""


def packet(tag: Tag, body: bytes) -> bytes:
    """Return a packet: its header in the current format, and its body."""
    return bytes([0xC0 | tag]) + encode_length(len(body)) + body


def encode_length(length: int) -> bytes:
    """Return a length as packets and subpackets have it (section 4.2.1)."""
    if length < _TWO_BYTES_FROM:
        return bytes([length])
    if length < _FIVE_BYTES_FROM:
        return (length - _TWO_BYTES_FROM + (_TWO_BYTES_FROM << 8)).to_bytes(2, "big")
    return b"\xff" + length.to_bytes(4, "big")


def encode_mpi(number: int) -> bytes:
    """Return a whole number with its length in bits (section 3.2)."""
    bits = number.bit_length()
    return bits.to_bytes(2, "big") + number.to_bytes((bits + 7) // 8, "big")


def decode_mpis(data: bytes, count: int) -> tuple[list[int], bytes]:
    """Return so many whole numbers from the start of the data, and the rest of it."""
    numbers = []
    for _ in range(count):
        end = 2 + (int.from_bytes(data[:2], "big") + 7) // 8
        if len(data) < end:
            raise MalformedPackets("A number ends too early.")
        numbers.append(int.from_bytes(data[2:end], "big"))
        data = data[end:]
    return numbers, data


def subpacket(type_: int, value: bytes) -> bytes:
    """Return a subpacket of a signature, not critical: rpm 4.18 refuses what it does not know."""
    return encode_length(len(value) + 1) + bytes([type_]) + value


def read_subpackets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and value of each subpacket of an area of a signature (section 5.2.3.7)."""
    while data:
        length, start = _decode_length(data)
        end = start + length
        if length == 0 or len(data) < end:
            raise MalformedPackets("A subpacket ends too early.")
        yield data[start], data[start + 1 : end]
        data = data[end:]


def read_packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and body of each packet whose length is given in the current format."""
    while data:
        if data[0] & 0xC0 != 0xC0 or len(data) < 2:
            raise MalformedPackets("This is no packet of the current format.")
        tag = data[0] & 0x3F
        length, start = _decode_length(data[1:])
        end = 1 + start + length
        if len(data) < end:
            raise MalformedPackets("A packet ends too early.")
        yield tag, data[1 + start : end]
        data = data[end:]


def _decode_length(data: bytes) -> tuple[int, int]:
    """Return a length, and how many bytes it takes."""
    first = data[0]
    if first < _TWO_BYTES_FROM:
        return first, 1
    if first == 0xFF:
        return int.from_bytes(data[1:5], "big"), 5
    if first >= 0xE0:
        raise MalformedPackets("Packets of partial lengths are not read here.")
    return (first - _TWO_BYTES_FROM << 8) + int.from_bytes(data[1:2], "big") + _TWO_BYTES_FROM, 2


def armor(kind: Armor, data: bytes, comment: str | None = None) -> str:
    """Return the packets in ASCII armor with its checksum, which older programs ask for."""
    lines = textwrap.wrap(base64.b64encode(data).decode("ascii"), ARMOR_LINE_CHARACTERS)
    checksum = base64.b64encode(_crc24(data).to_bytes(3, "big")).decode("ascii")
    headers = [f"Comment: {comment}"] if comment is not None else []
    return "\n".join(
        [f"-----BEGIN {kind}-----", *headers, "", *lines, f"={checksum}", f"-----END {kind}-----\n"]
    )


def unarmor(text: str) -> bytes:
    """Return the packets in ASCII armor; the checksum is not looked at (section 6.1)."""
    _, blank, rest = text.replace("\r\n", "\n").partition("\n\n")
    body = rest.partition("\n-----END ")[0].partition("\n=")[0]
    if not blank or not body:
        raise MalformedPackets("This is no ASCII armor.")
    return base64.b64decode(body)


def _crc24(data: bytes) -> int:
    checksum = _CRC24_START
    for byte in data:
        checksum = (checksum << 8) & 0xFFFFFF ^ _CRC24_TABLE[byte ^ checksum >> 16]
    return checksum


def _crc24_of_byte(byte: int) -> int:
    checksum = byte << 16
    for _ in range(8):
        checksum <<= 1
        if checksum & 0x1000000:
            checksum ^= _CRC24_POLYNOMIAL
    return checksum


#: By byte, so that armoring a signature takes no time that a transaction would notice.
_CRC24_TABLE = tuple(_crc24_of_byte(byte) for byte in range(256))
