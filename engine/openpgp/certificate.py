"""Certificates of OpenPGP: a primary key that certifies, and a subkey that signs data.

The subkey alone signs digests that others made. It cannot certify, whatever is in such a digest.
No subpacket is critical: rpm 4.18 refuses certificates with critical ones that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.model.algorithms import DigestAlgorithm
from engine.openpgp.keys import OpenPgpKey, fingerprint_of
from engine.openpgp.packets import Armor, Tag, armor, packet, read_packets, subpacket, unarmor
from engine.openpgp.signatures import HASH_IDS, SignatureType, Subpacket, UnsignedSignature

#: How what a certificate consists of is hashed: long enough for each curve.
CERTIFICATE_HASH = DigestAlgorithm.SHA512
MAX_USER_ID_BYTES = 512
_CERTIFIES, _SIGNS_DATA = b"\x01", b"\x02"
#: No reason is stated (RFC 9580 section 5.2.3.31).
_NO_REASON = b"\x00"
_PREFERRED_HASHES = bytes(
    HASH_IDS[algorithm]
    for algorithm in (DigestAlgorithm.SHA512, DigestAlgorithm.SHA384, DigestAlgorithm.SHA256)
)
_REVOCATION_COMMENT = "This is a revocation certificate"

#: Signs a digest of `CERTIFICATE_HASH`; returns the raw signature, ECDSA in DER.
SignDigest = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class SigningHalf:
    """A public key together with what signs for it."""

    key: OpenPgpKey
    sign: SignDigest

    def signature(
        self, type_: SignatureType, hashed: bytes, created_at: int, subpackets: bytes = b""
    ) -> bytes:
        """Return the body of a signature packet over what is hashed."""
        unsigned = UnsignedSignature(
            key=self.key,
            type=type_,
            hash_algorithm=CERTIFICATE_HASH,
            created_at=created_at,
            subpackets=subpackets,
        )
        digest = unsigned.digest(hashed)
        return unsigned.body(digest, self.sign(digest))


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateContent:
    """What a certificate says.

    Args:
        user_id: A name, and by custom an address in angle brackets.
        signed_at: When its signatures are made, in seconds since 1970.
        expires_at: When both keys expire, in seconds since 1970; None if they do not.
    """

    user_id: str
    signed_at: int
    expires_at: int | None = None


def make_certificate(primary: SigningHalf, subkey: SigningHalf, content: CertificateContent) -> str:
    """Return the certificate in ASCII armor; signs twice with the primary key, once with the other.

    Args:
        primary: The key that certifies.
        subkey: The key that signs data.
        content: What the certificate says.
    """
    packets = (
        packet(Tag.PUBLIC_KEY, primary.key.body),
        packet(Tag.USER_ID, content.user_id.encode()),
        packet(Tag.SIGNATURE, _certification(primary, content)),
        packet(Tag.PUBLIC_SUBKEY, subkey.key.body),
        packet(Tag.SIGNATURE, _binding(primary, subkey, content)),
    )
    return armor(Armor.PUBLIC_KEY, b"".join(packets))


def make_revocation(primary: SigningHalf, signed_at: int) -> str:
    """Return what revokes the certificate when it is imported or published; signs once."""
    reason = subpacket(Subpacket.REASON_FOR_REVOCATION, _NO_REASON)
    body = primary.signature(
        SignatureType.KEY_REVOCATION, primary.key.hashed_form, signed_at, reason
    )
    return armor(Armor.PUBLIC_KEY, packet(Tag.SIGNATURE, body), comment=_REVOCATION_COMMENT)


def certificate_fingerprint(armored: str) -> bytes:
    """Return the fingerprint of an armored certificate: that of its primary key."""
    _, primary = next(read_packets(unarmor(armored)))
    return fingerprint_of(primary)


def _certification(primary: SigningHalf, content: CertificateContent) -> bytes:
    user_id = content.user_id.encode()
    hashed = primary.key.hashed_form + b"\xb4" + len(user_id).to_bytes(4, "big") + user_id
    subpackets = (
        subpacket(Subpacket.KEY_FLAGS, _CERTIFIES)
        + _expiry(primary.key, content)
        + subpacket(Subpacket.PREFERRED_HASHES, _PREFERRED_HASHES)
        + subpacket(Subpacket.PRIMARY_USER_ID, b"\x01")
    )
    return primary.signature(SignatureType.CERTIFICATION, hashed, content.signed_at, subpackets)


def _binding(primary: SigningHalf, subkey: SigningHalf, content: CertificateContent) -> bytes:
    hashed = primary.key.hashed_form + subkey.key.hashed_form
    signed_at = content.signed_at
    back = subkey.signature(SignatureType.PRIMARY_KEY_BINDING, hashed, signed_at)
    subpackets = (
        subpacket(Subpacket.KEY_FLAGS, _SIGNS_DATA)
        + _expiry(subkey.key, content)
        + subpacket(Subpacket.EMBEDDED_SIGNATURE, back)
    )
    return primary.signature(SignatureType.SUBKEY_BINDING, hashed, signed_at, subpackets)


def _expiry(key: OpenPgpKey, content: CertificateContent) -> bytes:
    if content.expires_at is None:
        return b""
    seconds = content.expires_at - key.created_at
    if seconds <= 0:  # zero would mean that it never expires
        raise ValueError("A certificate cannot expire before its keys were made.")
    return subpacket(Subpacket.KEY_EXPIRES, seconds.to_bytes(4, "big"))
