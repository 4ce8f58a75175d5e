"""Certificates of OpenPGP: a primary key that certifies, and a subkey that signs data.

The subkey alone signs digests that others made. It cannot certify, whatever is in such a digest.
No subpacket is critical: rpm 4.18 refuses certificates with critical ones that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.model.algorithms import DigestAlgorithm
from engine.openpgp.keys import OpenPgpKey, fingerprint_of
from engine.openpgp.packets import Armor, Tag, armor, packet, read_packets, subpacket, unarmor
from engine.openpgp.signatures import (
    HASH_IDS,
    SignatureType,
    Subpacket,
    UnsignedSignature,
    hashed_subpackets,
)

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


@dataclass(frozen=True, slots=True)
class Component:
    """A key or user id of a certificate, with the signatures over it in the order they came."""

    tag: Tag
    body: bytes
    signatures: tuple[bytes, ...] = ()

    def is_same(self, other: Component) -> bool:
        """Return whether another one is the same key or user id, whatever signatures it has."""
        return (self.tag, self.body) == (other.tag, other.body)

    def signed(self, signature: bytes) -> Component:
        """Return it with one more signature."""
        return replace(self, signatures=(*self.signatures, signature))

    @property
    def packets(self) -> bytes:
        """Its own packet, and one for each signature."""
        signatures = b"".join(packet(Tag.SIGNATURE, body) for body in self.signatures)
        return packet(self.tag, self.body) + signatures


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


def renew_certificate(
    armored: str, primary: SigningHalf, subkey: SigningHalf, content: CertificateContent
) -> str:
    """Return a certificate with further self-signatures; signs as often as `make_certificate`.

    The earlier ones stay: a program judges a signature by what the certificate said when it was
    made. A user id that is not in it yet comes after the others, and is the primary one from now.
    Certificates that are made here have no signature directly over the primary key.

    Args:
        armored: The certificate as it is.
        primary: The key that certifies.
        subkey: The key that signs data.
        content: What the certificate is to say.

    Raises:
        ValueError: Its signatures would not be later than the earlier ones, which decides.
    """
    if content.signed_at <= read_content(armored).signed_at:
        raise ValueError("The signatures of a renewal must be later than the earlier ones.")
    user_id = Component(Tag.USER_ID, content.user_id.encode())
    renewed = []
    for component in _with_user_id(_read_components(armored), user_id):
        if component.is_same(user_id):
            renewed.append(component.signed(_certification(primary, content)))
        elif component.tag == Tag.PUBLIC_SUBKEY:
            renewed.append(component.signed(_binding(primary, subkey, content)))
        else:
            renewed.append(component)
    return armor(Armor.PUBLIC_KEY, b"".join(component.packets for component in renewed))


def read_content(armored: str) -> CertificateContent:
    """Return what a certificate that was made here says now: by its latest certification."""
    primary, *others = _read_components(armored)
    certifications = [
        _read_certification(component.body, signature, _created_at(primary.body))
        for component in others
        if component.tag == Tag.USER_ID
        for signature in component.signatures
    ]
    return max(certifications, key=lambda content: content.signed_at)


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


def _read_components(armored: str) -> list[Component]:
    components: list[Component] = []
    for tag, body in read_packets(unarmor(armored)):
        if tag == Tag.SIGNATURE:
            components[-1] = components[-1].signed(body)
        else:
            components.append(Component(Tag(tag), body))
    return components


def _with_user_id(components: list[Component], user_id: Component) -> list[Component]:
    """Return the components with this user id, which precedes the subkeys if it is new."""
    if any(component.is_same(user_id) for component in components):
        return components
    subkeys = [component for component in components if component.tag == Tag.PUBLIC_SUBKEY]
    others = [component for component in components if component.tag != Tag.PUBLIC_SUBKEY]
    return [*others, user_id, *subkeys]


def _read_certification(user_id: bytes, signature: bytes, created_at: int) -> CertificateContent:
    subpackets = hashed_subpackets(signature)
    lifetime = subpackets.get(Subpacket.KEY_EXPIRES)
    return CertificateContent(
        user_id=user_id.decode(),
        signed_at=int.from_bytes(subpackets[Subpacket.SIGNATURE_CREATED], "big"),
        expires_at=created_at + int.from_bytes(lifetime, "big") if lifetime else None,
    )


def _created_at(key: bytes) -> int:
    """Return when a key was made, in seconds since 1970, given the body of its packet."""
    return int.from_bytes(key[1:5], "big")


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
