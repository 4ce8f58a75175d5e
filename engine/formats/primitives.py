"""What `cryptography` has for the algorithms of keypairs: curves, hash functions, private keys."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme

MlDsaKey = mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | MlDsaKey

#: Curves by their size in bits.
CURVES: Mapping[int, ec.EllipticCurve] = {
    256: ec.SECP256R1(),
    384: ec.SECP384R1(),
    521: ec.SECP521R1(),
}
#: By the size of a curve, the hash function of the same strength (RFC 5656 section 6.2.1).
CURVE_DIGESTS: Mapping[int, DigestAlgorithm] = {
    256: DigestAlgorithm.SHA256,
    384: DigestAlgorithm.SHA384,
    521: DigestAlgorithm.SHA512,
}
HASHES: Mapping[DigestAlgorithm, hashes.HashAlgorithm] = {
    DigestAlgorithm.SHA256: hashes.SHA256(),
    DigestAlgorithm.SHA384: hashes.SHA384(),
    DigestAlgorithm.SHA512: hashes.SHA512(),
}
#: Private keys by the number of their parameter set (FIPS 204).
ML_DSA_KEYS: Mapping[int, type[MlDsaKey]] = {
    44: mldsa.MLDSA44PrivateKey,
    65: mldsa.MLDSA65PrivateKey,
    87: mldsa.MLDSA87PrivateKey,
}


def generate_private_key(algorithm: KeypairAlgorithm, *, rsa_bits: int | None = None) -> PrivateKey:
    """Return a new private key.

    Args:
        algorithm: Its algorithm.
        rsa_bits: The size of an RSA key, if it is not that of the algorithm.
    """
    match algorithm.scheme:
        case Scheme.ECDSA:
            return ec.generate_private_key(CURVES[algorithm.bits])
        case Scheme.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case Scheme.ML_DSA:
            return ML_DSA_KEYS[algorithm.bits].generate()
        case _:
            size = rsa_bits or algorithm.bits
            return rsa.generate_private_key(public_exponent=65537, key_size=size)
