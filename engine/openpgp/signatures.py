"""Signatures of OpenPGP: what they hash, and the packet around a raw signature."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, Self

from engine.model.algorithms import DigestAlgorithm
from engine.openpgp.keys import VERSION, OpenPgpKey
from engine.openpgp.packets import Armor, Tag, armor, packet, read_subpackets, subpacket

#: The hash functions as OpenPGP numbers them (RFC 9580 section 9.5).
HASH_IDS = {DigestAlgorithm.SHA256: 8, DigestAlgorithm.SHA384: 9, DigestAlgorithm.SHA512: 10}


class ContentHash(Protocol):
    """The state of a hash function, as `hashlib.new` returns it."""

    def copy(self) -> Self:
        """Return a state of its own that goes on from here."""

    def update(self, data: bytes, /) -> None:
        """Hash more."""

    def digest(self) -> bytes:
        """Return the digest of what was hashed."""


class SignatureType(IntEnum):
    """What a signature says (RFC 9580 section 5.2.1)."""

    BINARY = 0x00
    TEXT = 0x01
    #: The primary key says that the user id is its holder's.
    CERTIFICATION = 0x13
    SUBKEY_BINDING = 0x18
    #: The subkey says that it belongs to the primary key.
    PRIMARY_KEY_BINDING = 0x19
    KEY_REVOCATION = 0x20


class Subpacket(IntEnum):
    """The parts of signatures that are written here (RFC 9580 section 5.2.3.7)."""

    SIGNATURE_CREATED = 2
    KEY_EXPIRES = 9
    ISSUER_KEY_ID = 16
    PREFERRED_HASHES = 21
    PRIMARY_USER_ID = 25
    KEY_FLAGS = 27
    REASON_FOR_REVOCATION = 29
    EMBEDDED_SIGNATURE = 32
    ISSUER_FINGERPRINT = 33


#: Version, type and two algorithms: what the body of a signature begins with.
_HEAD_BYTES = 4


def hashed_subpackets(body: bytes) -> dict[int, bytes]:
    """Return the signed subpackets of a signature by their types, given the body of its packet."""
    start = _HEAD_BYTES + 2
    length = int.from_bytes(body[_HEAD_BYTES:start], "big")
    return dict(read_subpackets(body[start : start + length]))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedSignature:
    """A signature of version 4 that lacks only the numbers its key is to make.

    Args:
        key: The key that signs.
        type: What the signature says.
        hash_algorithm: How its digest is made.
        created_at: Seconds since 1970.
        subpackets: Further subpackets that are hashed.
    """

    key: OpenPgpKey
    type: SignatureType
    hash_algorithm: DigestAlgorithm
    created_at: int
    subpackets: bytes = b""

    @property
    def hashed_part(self) -> bytes:
        """The beginning of the packet, which is signed too."""
        subpackets = (
            subpacket(Subpacket.SIGNATURE_CREATED, self.created_at.to_bytes(4, "big"))
            + subpacket(Subpacket.ISSUER_FINGERPRINT, bytes([VERSION]) + self.key.fingerprint)
            + self.subpackets
        )
        head = bytes([VERSION, self.type, self.key.algorithm, HASH_IDS[self.hash_algorithm]])
        return head + len(subpackets).to_bytes(2, "big") + subpackets

    @property
    def trailer(self) -> bytes:
        """What is hashed after the content (RFC 9580 section 5.2.4)."""
        hashed = self.hashed_part
        return hashed + bytes([VERSION, 0xFF]) + len(hashed).to_bytes(4, "big")

    def digest(self, content: bytes) -> bytes:
        """Return the digest that the key has to sign."""
        return self.digest_after(hashlib.new(self.hash_algorithm.lower(), content))

    def digest_after(self, content_hash: ContentHash) -> bytes:
        """Return the digest that the key has to sign, given the hash state after the content."""
        digest = content_hash.copy()
        digest.update(self.trailer)
        return digest.digest()

    def body(self, digest: bytes, value: bytes) -> bytes:
        """Return the body of the packet, given the digest and its raw signature."""
        unhashed = subpacket(Subpacket.ISSUER_KEY_ID, self.key.key_id)
        return b"".join(
            (
                self.hashed_part,
                len(unhashed).to_bytes(2, "big"),
                unhashed,
                digest[:2],
                self.key.signature_numbers(value),
            )
        )

    def armored(self, digest: bytes, value: bytes) -> str:
        """Return the detached signature in ASCII armor, given the digest and its signature."""
        return armor(Armor.SIGNATURE, packet(Tag.SIGNATURE, self.body(digest, value)))
