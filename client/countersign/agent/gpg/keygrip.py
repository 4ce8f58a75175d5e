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


#: SEC 2 sections 2.4.2, 2.5.1 and 2.6.1; RFC 8032 section 5.1, whose a and b have no sign here.
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
    "secp521r1": CurveParameters(
        p="01ff" + 64 * "ff",
        a="01ff" + 63 * "ff" + "fc",
        b="51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109"
        "e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        g="0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b"
        "4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2"
        "e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd"
        "17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94"
        "769fd16650",
        n="01ff" + 31 * "ff" + "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
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
