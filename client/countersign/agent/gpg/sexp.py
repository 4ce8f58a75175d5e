"""Canonical S-expressions, in which gpg-agent passes keys and signatures."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.agent.signing_keys import AgentKey, PublicKey, Scheme
from countersign.signing.openpgp.keys import NATIVE_POINT

CURVE_NAMES = {"secp256r1": b"NIST P-256", "secp384r1": b"NIST P-384", "secp521r1": b"NIST P-521"}


def atom(content: bytes) -> bytes:
    """A text after its length."""
    return b"%d:%s" % (len(content), content)


def expression(*parts: bytes) -> bytes:
    """A list of what is encoded already."""
    return b"(" + b"".join(parts) + b")"


def named(name: bytes, value: bytes) -> bytes:
    """A pair of two texts."""
    return expression(atom(name), atom(value))


def unsigned(number: int) -> bytes:
    """A positive number, which begins with a zero bit."""
    return number.to_bytes(number.bit_length() // 8 + 1)


def public_key_expression(public_key: PublicKey) -> bytes:
    """A public key."""
    return expression(atom(b"public-key"), expression(*_public_key_parts(public_key)))


def _public_key_parts(public_key: PublicKey) -> list[bytes]:
    match public_key:
        case rsa.RSAPublicKey():
            numbers = public_key.public_numbers()
            return [
                atom(b"rsa"),
                named(b"n", unsigned(numbers.n)),
                named(b"e", unsigned(numbers.e)),
            ]
        case ec.EllipticCurvePublicKey(curve=curve):
            point = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            return [atom(b"ecc"), named(b"curve", CURVE_NAMES[curve.name]), named(b"q", point)]
    return [
        atom(b"ecc"),
        named(b"curve", b"Ed25519"),
        named(b"flags", b"eddsa"),
        named(b"q", NATIVE_POINT + public_key.public_bytes_raw()),
    ]


def signature_expression(key: AgentKey, signature: bytes) -> bytes:
    """A signature of the server."""
    return expression(atom(b"sig-val"), expression(*_signature_parts(key, signature)))


def _signature_parts(key: AgentKey, signature: bytes) -> list[bytes]:
    match key.scheme:
        case Scheme.ECDSA:
            r, s = decode_dss_signature(signature)
            return [atom(b"ecdsa"), named(b"r", unsigned(r)), named(b"s", unsigned(s))]
        case Scheme.ED25519:
            half = len(signature) // 2
            return [atom(b"eddsa"), named(b"r", signature[:half]), named(b"s", signature[half:])]
    return [atom(b"rsa"), named(b"s", signature)]
