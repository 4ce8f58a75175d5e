"""Public keys as packets of OpenPGP, with their fingerprints (RFC 9580 section 5.5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from engine.model.algorithms import DigestAlgorithm
from engine.openpgp.packets import encode_mpi

VERSION = 4
_CURVE_OIDS = {
    "secp256r1": bytes.fromhex("2a8648ce3d030107"),
    "secp384r1": bytes.fromhex("2b81040022"),
    "secp521r1": bytes.fromhex("2b81040023"),
    "ed25519": bytes.fromhex("2b06010401da470f01"),
}
#: What an Ed25519 point begins with in the form of version 4 (RFC 9580 section 11.2.1).
_NATIVE_POINT = b"\x40"


class PublicKeyAlgorithm(IntEnum):
    """The algorithms of keys that sign (RFC 9580 section 9.1)."""

    RSA = 1
    ECDSA = 19
    #: Ed25519 in the form that every OpenPGP program of the last ten years reads.
    EDDSA = 22


class UnsuitableKey(ValueError):
    """OpenPGP has no such key. The message may be shown."""


@dataclass(frozen=True)
class OpenPgpKey:
    """A public key of version 4, primary or subkey.

    Args:
        public_key_pem: The raw key as SubjectPublicKeyInfo in PEM.
        created_at: Seconds since 1970; part of the fingerprint.
    """

    public_key_pem: str = field(repr=False)
    created_at: int

    @cached_property
    def public_key(self) -> PublicKeyTypes:
        """The raw public key."""
        return load_pem_public_key(self.public_key_pem.encode("ascii"))

    @cached_property
    def algorithm(self) -> PublicKeyAlgorithm:
        """The algorithm as OpenPGP numbers it."""
        match self.public_key:
            case rsa.RSAPublicKey():
                return PublicKeyAlgorithm.RSA
            case ec.EllipticCurvePublicKey():
                return PublicKeyAlgorithm.ECDSA
            case ed25519.Ed25519PublicKey():
                return PublicKeyAlgorithm.EDDSA
            case other:
                message = f"OpenPGP version 4 has no key of the kind {type(other).__name__}."
                raise UnsuitableKey(message)

    @cached_property
    def body(self) -> bytes:
        """The body of its packet."""
        head = bytes([VERSION]) + self.created_at.to_bytes(4, "big") + bytes([self.algorithm])
        return head + _key_material(self.public_key)

    @cached_property
    def fingerprint(self) -> bytes:
        """Twenty bytes that name the key."""
        return fingerprint_of(self.body)

    @property
    def key_id(self) -> bytes:
        """The last eight bytes of the fingerprint, by which older programs look for keys."""
        return self.fingerprint[-8:]

    @property
    def hashed_form(self) -> bytes:
        """What signatures over the key hash of it (RFC 9580 section 5.2.4)."""
        return _hashed_form(self.body)

    @property
    def shortest_digest_bytes(self) -> int:
        """How long a digest has to be at least: GnuPG refuses shorter ones than the curve."""
        if isinstance(self.public_key, ec.EllipticCurvePublicKey):
            return min(self.public_key.key_size // 8, DigestAlgorithm.SHA512.length)
        return DigestAlgorithm.SHA256.length

    def signature_numbers(self, value: bytes) -> bytes:
        """Return a raw signature of this key, ECDSA in DER, as its packet has it."""
        return b"".join(map(encode_mpi, _signature_numbers(self.algorithm, value)))


def fingerprint_of(body: bytes) -> bytes:
    """Return the fingerprint of a key, given the body of its packet (RFC 9580 section 5.5.4)."""
    return hashlib.sha1(_hashed_form(body), usedforsecurity=False).digest()


def _hashed_form(body: bytes) -> bytes:
    return b"\x99" + len(body).to_bytes(2, "big") + body


def _signature_numbers(algorithm: PublicKeyAlgorithm, value: bytes) -> tuple[int, ...]:
    match algorithm:
        case PublicKeyAlgorithm.RSA:
            return (int.from_bytes(value, "big"),)
        case PublicKeyAlgorithm.ECDSA:
            return decode_dss_signature(value)
        case PublicKeyAlgorithm.EDDSA:
            half = len(value) // 2
            return int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")


def _key_material(public: PublicKeyTypes) -> bytes:
    match public:
        case rsa.RSAPublicKey():
            numbers = public.public_numbers()
            return encode_mpi(numbers.n) + encode_mpi(numbers.e)
        case ec.EllipticCurvePublicKey():
            point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            return _point(public.curve.name, point)
        case ed25519.Ed25519PublicKey():
            return _point("ed25519", _NATIVE_POINT + public.public_bytes_raw())
        case other:
            raise UnsuitableKey(f"OpenPGP has no key of the kind {type(other).__name__}.")


def _point(curve: str, point: bytes) -> bytes:
    if curve not in _CURVE_OIDS:
        raise UnsuitableKey(f"The curve {curve} is not used in OpenPGP here.")
    oid = _CURVE_OIDS[curve]
    return bytes([len(oid)]) + oid + encode_mpi(int.from_bytes(point, "big"))
