"""Public keys of version 4 as packets of OpenPGP have them (RFC 9580 section 5.5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from countersign.signing.openpgp.packets import MalformedPackets, decode_numbers, encode_number
from countersign.signing.public_keys import VerifyingKey

VERSION = 4
#: What a point of Ed25519 begins with (RFC 9580 section 11.2.1).
NATIVE_POINT = b"\x40"
_HEAD_BYTES = 6
_ED25519 = bytes.fromhex("2b06010401da470f01")
_CURVES: dict[bytes, ec.EllipticCurve] = {
    bytes.fromhex("2a8648ce3d030107"): ec.SECP256R1(),
    bytes.fromhex("2b81040022"): ec.SECP384R1(),
    bytes.fromhex("2b81040023"): ec.SECP521R1(),
}


class PublicKeyAlgorithm(IntEnum):
    """The algorithms of keys that sign (RFC 9580 section 9.1)."""

    RSA = 1
    ECDSA = 19
    EDDSA = 22


@dataclass(frozen=True, slots=True)
class OpenPgpKey:
    """A public key, primary or subkey.

    Attributes:
        body: The body of its packet.
        algorithm: How it signs.
        created_at: When it was made, in seconds since 1970.
        public_key: The raw key.
    """

    body: bytes
    algorithm: PublicKeyAlgorithm
    created_at: int
    public_key: VerifyingKey

    @property
    def hashed_form(self) -> bytes:
        """What signatures over the key hash of it (RFC 9580 section 5.2.4)."""
        return b"\x99" + len(self.body).to_bytes(2, "big") + self.body

    @property
    def fingerprint(self) -> bytes:
        """Twenty bytes that name the key; the last eight are its key id."""
        return hashlib.sha1(self.hashed_form, usedforsecurity=False).digest()

    def encode_value(self, value: bytes) -> bytes:
        """Return a raw signature, ECDSA in DER, as a packet has it.

        Raises:
            ValueError: It is no signature of this kind of key.
        """
        return b"".join(map(encode_number, self._numbers(value)))

    def _numbers(self, value: bytes) -> tuple[int, ...]:
        match self.algorithm:
            case PublicKeyAlgorithm.RSA:
                return (int.from_bytes(value, "big"),)
            case PublicKeyAlgorithm.ECDSA:
                return decode_dss_signature(value)
            case PublicKeyAlgorithm.EDDSA:
                half = len(value) // 2
                return int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")

    def decode_value(self, data: bytes) -> bytes:
        """Return the raw signature, ECDSA in DER, that a packet has.

        Raises:
            ValueError: It is no signature of this kind of key.
        """
        numbers = decode_numbers(data)
        try:
            if isinstance(self.public_key, rsa.RSAPublicKey):
                (number,) = numbers
                return number.to_bytes((self.public_key.key_size + 7) // 8, "big")
            r, s = numbers
            if self.algorithm is PublicKeyAlgorithm.ECDSA:
                return encode_dss_signature(r, s)
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        except OverflowError as error:
            raise MalformedPackets("A number of the signature is too large.") from error


def read_key(body: bytes) -> OpenPgpKey:
    """Return the key in the body of a packet.

    Raises:
        ValueError: It is of another version, or of an algorithm that is not used here.
    """
    if len(body) <= _HEAD_BYTES or body[0] != VERSION:
        raise MalformedPackets("This is no key of version 4.")
    algorithm = PublicKeyAlgorithm(body[_HEAD_BYTES - 1])
    public_key = _read_material(algorithm, body[_HEAD_BYTES:])
    return OpenPgpKey(body, algorithm, int.from_bytes(body[1:5], "big"), public_key)


def _read_material(algorithm: PublicKeyAlgorithm, material: bytes) -> VerifyingKey:
    if algorithm is PublicKeyAlgorithm.RSA:
        modulus, exponent = decode_numbers(material)
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    oid_end = 1 + material[0]
    oid = material[1:oid_end]
    (number,) = decode_numbers(material[oid_end:])
    point = number.to_bytes((number.bit_length() + 7) // 8, "big")
    if algorithm is PublicKeyAlgorithm.EDDSA:
        if oid != _ED25519 or not point.startswith(NATIVE_POINT):
            raise MalformedPackets("This is no key of Ed25519.")
        return ed25519.Ed25519PublicKey.from_public_bytes(point[1:])
    if oid not in _CURVES:
        raise MalformedPackets("This is no curve that Countersign signs with.")
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[oid], point)
