"""Messages of the ssh-agent protocol (draft-ietf-sshm-ssh-agent), and what SSHSIG has signed."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

#: What data to be signed begins with where it is a signature over a file (PROTOCOL.sshsig).
SSHSIG_MAGIC = b"SSHSIG"
#: Namespace, a reserved text, the hash function's name and the digest.
_SSHSIG_PART_COUNT = 4


class MessageType(IntEnum):
    """Messages that are answered, and their answers."""

    FAILURE = 5
    REQUEST_IDENTITIES = 11
    IDENTITIES_ANSWER = 12
    SIGN_REQUEST = 13
    SIGN_RESPONSE = 14


class MalformedMessage(ValueError):
    """The bytes are no message."""


def string(content: bytes) -> bytes:
    """A text after its length."""
    return len(content).to_bytes(4) + content


def multiple_precision(number: int) -> bytes:
    """A positive number as a text, with a leading zero bit."""
    return string(number.to_bytes(number.bit_length() // 8 + 1))


def split_strings(content: bytes) -> Iterator[bytes]:
    """Yield the texts that follow each other.

    Raises:
        MalformedMessage: One ends too late.
    """
    while content:
        end = 4 + int.from_bytes(content[:4])
        if end > len(content):
            raise MalformedMessage("a text ends after its message")
        yield content[4:end]
        content = content[end:]


def is_sshsig(content: bytes) -> bool:
    """Tell whether data to be signed are those of a signature over a file."""
    if not content.startswith(SSHSIG_MAGIC):
        return False
    try:
        parts = list(split_strings(content[len(SSHSIG_MAGIC) :]))
    except MalformedMessage:
        return False
    return len(parts) == _SSHSIG_PART_COUNT and parts[0] != b""


def read_sign_request(content: bytes) -> tuple[bytes, bytes, int]:
    """Return the key, the data and the flags of a request to sign.

    Raises:
        MalformedMessage: It has others.
    """
    parts = list(split_strings(content[:-4]))
    if len(parts) != 2:
        raise MalformedMessage("a request has a key, data and flags")
    return parts[0], parts[1], int.from_bytes(content[-4:])
