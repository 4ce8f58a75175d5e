"""Signatures of version 4: what they hash beside the content, and their packets (section 5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, Self

from countersign.signing.openpgp.keys import VERSION, OpenPgpKey
from countersign.signing.openpgp.packets import (
    MalformedPackets,
    Tag,
    packet,
    read_subpackets,
    subpacket,
)
from countersign.signing.public_keys import is_valid_signature

#: What `hashlib` calls the hash functions, as OpenPGP numbers them (RFC 9580 section 9.5).
DIGEST_NAMES = {8: "sha256", 9: "sha384", 10: "sha512"}
_DIGEST_IDS = {name: number for number, name in DIGEST_NAMES.items()}
_HEAD_BYTES = 6
_CRITICAL = 0x80


class SignatureType(IntEnum):
    """What a signature says (RFC 9580 section 5.2.1)."""

    BINARY = 0x00
    TEXT = 0x01
    SUBKEY_BINDING = 0x18
    KEY_REVOCATION = 0x20
    SUBKEY_REVOCATION = 0x28


class Subpacket(IntEnum):
    """The parts of signatures that are known here (RFC 9580 section 5.2.3.7)."""

    SIGNATURE_CREATED = 2
    SIGNATURE_EXPIRES = 3
    KEY_EXPIRES = 9
    ISSUER_KEY_ID = 16
    KEY_FLAGS = 27
    SIGNER_USER_ID = 28
    EMBEDDED_SIGNATURE = 32
    ISSUER_FINGERPRINT = 33


class ContentHash(Protocol):
    """The state of a hash function, as `hashlib.new` returns it."""

    def copy(self) -> Self:
        """Return a state of its own that goes on from here."""

    def update(self, data: bytes, /) -> None:
        """Hash more."""

    def digest(self) -> bytes:
        """Return the digest of what was hashed."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as its packet has it.

    Attributes:
        hashed_part: The beginning of the packet, which is signed too.
        subpackets: The values of the subpackets in it.
        value: The numbers that the key made.
    """

    hashed_part: bytes
    subpackets: dict[int, bytes]
    value: bytes

    @property
    def type(self) -> int:
        """What it says."""
        return self.hashed_part[1]

    @property
    def digest_name(self) -> str | None:
        """What `hashlib` calls its hash function; None if it is not used here."""
        return DIGEST_NAMES.get(self.hashed_part[3])

    @property
    def created_at(self) -> int:
        """When it says that it was made, in seconds since 1970."""
        return self.seconds(Subpacket.SIGNATURE_CREATED)

    def seconds(self, subpacket_type: Subpacket) -> int:
        """Return the time or duration in a subpacket; 0 if there is none."""
        return int.from_bytes(self.subpackets.get(subpacket_type, b""), "big")

    def is_made_by(self, key: OpenPgpKey, content_hash: ContentHash) -> bool:
        """Tell whether a key made it over content, given the hash state after the content.

        Raises:
            ValueError: Its numbers are none of this kind of key.
        """
        if self.digest_name is None or self.hashed_part[2] != key.algorithm:
            return False
        digest = digest_after(content_hash, self.hashed_part)
        return is_valid_signature(
            key.public_key, key.decode_value(self.value), digest, self.digest_name
        )


def hashed_part(
    key: OpenPgpKey, signature_type: SignatureType, digest_name: str, created_at: int
) -> bytes:
    """Return the beginning of a signature over a file.

    Args:
        key: The key that signs.
        signature_type: Whether it is over the file's bytes or over its text.
        digest_name: What `hashlib` calls the hash function.
        created_at: When it is made, in seconds since 1970.
    """
    subpackets = subpacket(Subpacket.SIGNATURE_CREATED, created_at.to_bytes(4, "big")) + subpacket(
        Subpacket.ISSUER_FINGERPRINT, bytes([VERSION]) + key.fingerprint
    )
    head = bytes([VERSION, signature_type, key.algorithm, _DIGEST_IDS[digest_name]])
    return head + len(subpackets).to_bytes(2, "big") + subpackets


def digest_after(content_hash: ContentHash, hashed: bytes) -> bytes:
    """Return the digest that is signed: content, the hashed part and its length (section 5.2.4)."""
    digest = content_hash.copy()
    digest.update(hashed + bytes([VERSION, 0xFF]) + len(hashed).to_bytes(4, "big"))
    return digest.digest()


def signature_packet(key: OpenPgpKey, hashed: bytes, digest: bytes, value: bytes) -> bytes:
    """Return the packet of a signature, given the digest and its raw signature.

    Raises:
        ValueError: The value is no signature of this kind of key.
    """
    unhashed = subpacket(Subpacket.ISSUER_KEY_ID, key.fingerprint[-8:])
    end = len(unhashed).to_bytes(2, "big") + unhashed + digest[:2] + key.encode_value(value)
    return packet(Tag.SIGNATURE, hashed + end)


def read_signature(body: bytes) -> Signature:
    """Return the signature in the body of a packet.

    Raises:
        MalformedPackets: It is none of version 4, or has a critical part that is not known here.
    """
    if len(body) < _HEAD_BYTES or body[0] != VERSION:
        raise MalformedPackets("This is no signature of version 4.")
    end = _HEAD_BYTES + int.from_bytes(body[4:_HEAD_BYTES], "big")
    unhashed_end = end + 2 + int.from_bytes(body[end : end + 2], "big")
    if len(body) < unhashed_end + 2:
        raise MalformedPackets("The signature ends too early.")
    known = frozenset(Subpacket)
    subpackets = {}
    for type_, value in read_subpackets(body[_HEAD_BYTES:end]):
        if type_ & _CRITICAL and type_ & ~_CRITICAL not in known:
            raise MalformedPackets("A critical part of the signature is not known.")
        subpackets[type_ & ~_CRITICAL] = value
    return Signature(body[:end], subpackets, body[unhashed_end + 2 :])
