"""Bytes of p11-kit's remoting protocol: frames, and the arguments of calls by their signatures.

A connection begins with one byte of each side, the version; 0 is what every client accepts. Then
come frames: three unsigned 32-bit numbers (code of the call, length of the options, length of the
body), the options, the body. A body has the id of the call, the signature of its arguments as a
text, and the arguments. All numbers are big-endian. The letters of a signature:

    y   one byte                    ay  bytes, or only how many there are
    u   64-bit number               au  numbers, or only how many there are
    v   version, two bytes          fy  how many bytes the caller has room for
    s   text of a fixed size        fu  how many numbers the caller has room for
    M   mechanism with parameters   fA  types of attributes, with room for each
                                    aA  attributes with values
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from countersign.agent.p11.constants import Attribute

#: The version that the server answers; later ones only add calls that the token does not have.
PROTOCOL_VERSION = 0
#: What a client sends as options is its name for the module, and is ignored.
MAX_OPTIONS_BYTES = 4096
#: A tool may pass a whole file in one call, to be hashed.
MAX_BODY_BYTES = 64 << 20
#: How many attributes a call may name; tools name fewer than twenty.
MAX_ATTRIBUTES = 256

FRAME_HEADER = struct.Struct(">III")
#: A length that stands for a null pointer, and a room that stands for a pointer to nothing.
NO_LENGTH = 0xFFFFFFFF
UNSIGNED_LONG_BYTES = 8

#: Attributes whose value is one byte, true or false.
BOOLEAN_ATTRIBUTES = frozenset(
    {
        *(0x01, 0x02, 0x86, 0x103, 0x104, 0x105, 0x106, 0x107, 0x108, 0x109, 0x10A, 0x10B),
        *(0x10C, 0x162, 0x163, 0x164, 0x165, 0x170, 0x171, 0x172, 0x200, 0x202, 0x210),
        *(0x301, 0x302, 0x405),
    }
)
#: Attributes whose value is a number.
NUMBER_ATTRIBUTES = frozenset(
    {
        *(0x00, 0x80, 0x87, 0x88, 0x100, 0x121, 0x133, 0x134, 0x160, 0x161, 0x166, 0x201),
        *(0x300, 0x400, 0x401, 0x402, 0x403, 0x404, 0x406, 0x500),
    }
)

#: A value of an attribute.
AttributeValue = bool | int | bytes | tuple[int, ...]


class MalformedMessage(Exception):
    """The bytes are no message of the protocol."""


@dataclass(frozen=True, slots=True)
class SizeOnly:
    """Stands for bytes or numbers of which only the count is sent."""

    count: int


@dataclass(frozen=True, slots=True)
class PssParameters:
    """Parameters of RSA-PSS: hash function, mask generation function, length of the salt."""

    hash_function: int
    mask_function: int
    salt_bytes: int


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A way to sign, as a caller names it.

    Attributes:
        type: Its number.
        parameters: Its parameters, if it was given ones of PSS.
        is_understood: Whether its parameters are none or those of PSS.
    """

    type: int
    parameters: PssParameters | None = None
    is_understood: bool = True


class BodyReader:
    """Reads a body from its start to its end.

    Every method raises `MalformedMessage` where the body ends too early.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._position = 0

    @property
    def remaining_bytes(self) -> int:
        """How much of the body has not been read."""
        return len(self._body) - self._position

    def raw(self, size: int) -> bytes:
        """The next bytes."""
        if size > self.remaining_bytes:
            raise MalformedMessage(f"{size} bytes are missing")
        start, self._position = self._position, self._position + size
        return self._body[start : self._position]

    def byte(self) -> int:
        """An unsigned 8-bit number."""
        return self.raw(1)[0]

    def uint32(self) -> int:
        """An unsigned 32-bit number."""
        return int.from_bytes(self.raw(4))

    def uint64(self) -> int:
        """An unsigned 64-bit number."""
        return int.from_bytes(self.raw(8))

    def counted_bytes(self) -> bytes:
        """Bytes after their length; none where there is no length."""
        size = self.uint32()
        return b"" if size == NO_LENGTH else self.raw(size)

    def byte_array(self) -> bytes | SizeOnly:
        """Bytes, or only how many there are."""
        return self.counted_bytes() if self.byte() else SizeOnly(self.uint32())

    def mechanism(self) -> Mechanism:
        """A mechanism that is followed by one number and nothing else.

        Up to p11-kit 0.25.5 a mechanism without parameters has a missing length, and PSS has three
        numbers. Since 0.25.6 it has nothing, and PSS a byte that says whether the three numbers
        follow. The version that was agreed on does not tell which, so the length has to.
        """
        type_ = self.uint32()
        framing = self.raw(max(0, self.remaining_bytes - UNSIGNED_LONG_BYTES))
        match len(framing), framing[:1]:
            case (0, _) | (1, b"\0"):
                return Mechanism(type_)
            case 4, _ if int.from_bytes(framing) in {0, NO_LENGTH}:
                return Mechanism(type_)
            case (24, _) | (25, b"\1"):
                return Mechanism(type_, PssParameters(*struct.unpack(">QQQ", framing[-24:])))
        return Mechanism(type_, is_understood=False)

    def attributes(self) -> tuple[tuple[int, AttributeValue | None], ...]:
        """Attributes with their values; None where a value is said to be unavailable."""
        return tuple(self._attribute() for _ in range(self._attribute_count()))

    def attribute_rooms(self) -> tuple[tuple[int, int], ...]:
        """Types of attributes, each with the room for its value."""
        return tuple((self.uint32(), self.uint32()) for _ in range(self._attribute_count()))

    def _attribute_count(self) -> int:
        count = self.uint32()
        if count > MAX_ATTRIBUTES:
            raise MalformedMessage(f"{count} attributes are too many")
        return count

    def _attribute(self) -> tuple[int, AttributeValue | None]:
        type_ = self.uint32()
        if not self.byte():
            return type_, None
        self.uint32()  # the length in the caller's memory
        if type_ in BOOLEAN_ATTRIBUTES:
            return type_, bool(self.byte())
        if type_ in NUMBER_ATTRIBUTES:
            return type_, self.uint64()
        if type_ == Attribute.ALLOWED_MECHANISMS:
            count = self.uint32()
            return type_, struct.unpack(f">{count}Q", self.raw(UNSIGNED_LONG_BYTES * count))
        return type_, self.counted_bytes()


_READERS: dict[str, Callable[[BodyReader], Any]] = {
    "y": BodyReader.byte,
    "u": BodyReader.uint64,
    "fy": BodyReader.uint32,
    "fu": BodyReader.uint32,
    "ay": BodyReader.byte_array,
    "M": BodyReader.mechanism,
    "aA": BodyReader.attributes,
    "fA": BodyReader.attribute_rooms,
}


def _uint32(number: int) -> bytes:
    return number.to_bytes(4)


def _uint64(number: int) -> bytes:
    return number.to_bytes(8)


def _counted(content: bytes) -> bytes:
    return _uint32(len(content)) + content


def _byte_array(content: bytes | SizeOnly) -> bytes:
    if isinstance(content, SizeOnly):
        return b"\0" + _uint32(content.count)
    return b"\1" + _counted(content)


def _number_array(numbers: Sequence[int] | SizeOnly) -> bytes:
    if isinstance(numbers, SizeOnly):
        return b"\0" + _uint32(numbers.count)
    return b"\1" + _uint32(len(numbers)) + b"".join(map(_uint64, numbers))


def attribute_size_bytes(value: AttributeValue) -> int:
    """How much room a value needs in the caller's memory."""
    match value:
        case bool():
            return 1
        case int():
            return UNSIGNED_LONG_BYTES
        case tuple():
            return UNSIGNED_LONG_BYTES * len(value)
    return len(value)


def _attribute(type_: int, value: AttributeValue | None) -> bytes:
    if value is None:
        return _uint32(type_) + b"\0"
    start = _uint32(type_) + b"\1" + _uint32(attribute_size_bytes(value))
    match value:
        case bool():
            return start + bytes([value])
        case int():
            return start + _uint64(value)
        case tuple():
            return start + _uint32(len(value)) + b"".join(map(_uint64, value))
    return start + _counted(value)


def _attributes(values: Iterable[tuple[int, AttributeValue | None]]) -> bytes:
    encoded = [_attribute(type_, value) for type_, value in values]
    return _uint32(len(encoded)) + b"".join(encoded)


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    "u": _uint64,
    "v": bytes,
    "s": _counted,
    "ay": _byte_array,
    "au": _number_array,
    "aA": _attributes,
}


def _codes(signature: str) -> list[str]:
    return re.findall("[af]?.", signature)


def read_arguments(signature: str, reader: BodyReader) -> list[Any]:
    """The arguments of a call, in their order.

    Raises:
        MalformedMessage: They end too early or too late.
    """
    arguments = [_READERS[code](reader) for code in _codes(signature)]
    if reader.remaining_bytes:
        raise MalformedMessage(f"{reader.remaining_bytes} bytes are too many")
    return arguments


def write_body(call_id: int, signature: str, values: Sequence[Any] = ()) -> bytes:
    """The body of an answer."""
    encoded = [_WRITERS[code](value) for code, value in zip(_codes(signature), values, strict=True)]
    return _uint32(call_id) + _counted(signature.encode()) + b"".join(encoded)


def frame(code: int, body: bytes) -> bytes:
    """An answer to the call with this code, ready to be sent."""
    return FRAME_HEADER.pack(code, 0, len(body)) + body
