"""Keygrips: the names that gpg-agent has for keys, as libgcrypt computes them."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.agent.gpg.sexp import named, unsigned
from countersign.agent.signing_keys import PublicKey


class CurveParameters(NamedTuple):
    """A curve, in hexadecimal digits: prime, coefficients, generator, order."""

    p: str
    a: str
    b: str
    g: str
    n: str


#: SEC 2 sections 2.4.2 and 2.5.1, and RFC 8032 section 5.1, whose a and b are taken without sign.
CURVES = {
    "secp256r1": CurveParameters(
        p="ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        a="ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
        b="5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        g="046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        n="ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ),
    "secp384r1": CurveParameters(
        p="fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
        "ffffffff0000000000000000ffffffff",
        a="fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
        "ffffffff0000000000000000fffffffc",
        b="b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
        "c656398d8a2ed19d2a85c8edd3ec2aef",
        g="04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
        "5502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29"
        "f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        n="ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
        "581a0db248b0a77aecec196accc52973",
    ),
    "ed25519": CurveParameters(
        p="7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
        a="01",
        b="2dfc9311d490018c7338bf8688861767ff8ff5b2bebe27548a14b235eca6874a",
        g="04216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51a"
        "6666666666666666666666666666666666666666666666666666666666666658",
        n="1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed",
    ),
}


def keygrip(public_key: PublicKey) -> bytes:
    """Return the name of a public key: the SHA-1 of its numbers in libgcrypt's form."""
    return hashlib.sha1(_numbers(public_key), usedforsecurity=False).digest()


def _numbers(public_key: PublicKey) -> bytes:
    match public_key:
        case rsa.RSAPublicKey():
            return unsigned(public_key.public_numbers().n)
        case ec.EllipticCurvePublicKey(curve=curve):
            point = public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            return _curve_point(CURVES[curve.name], point)
    return _curve_point(CURVES["ed25519"], public_key.public_bytes_raw())


def _curve_point(curve: CurveParameters, point: bytes) -> bytes:
    parameters = zip(curve._fields, curve, strict=True)
    return b"".join(
        named(name.encode(), bytes.fromhex(digits)) for name, digits in parameters
    ) + named(b"q", point)
