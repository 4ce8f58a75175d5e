"""Public keys that signatures are verified with."""

from __future__ import annotations

from typing import Any, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
    load_pem_public_key,
    load_ssh_public_key,
)

from countersign.errors import UsageError

VerifyingKey: TypeAlias = (
    ec.EllipticCurvePublicKey
    | rsa.RSAPublicKey
    | ed25519.Ed25519PublicKey
    | mldsa.MLDSA44PublicKey
    | mldsa.MLDSA65PublicKey
    | mldsa.MLDSA87PublicKey
)

#: By the name of a hash function in `hashlib`.
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_CURVE_DIGESTS: dict[int | None, str] = {256: "sha256", 384: "sha384", 521: "sha512"}


def load_public_key(content: bytes) -> VerifyingKey:
    """Return the key of a certificate or public key, in PEM, DER or as OpenSSH writes it.

    Raises:
        UsageError: It is none of these, or of an algorithm that Countersign does not sign with.
    """
    for load in _LOADERS:
        try:
            key = load(content)
        except (ValueError, UnsupportedAlgorithm):
            continue
        if isinstance(key, VerifyingKey):
            return key
        raise UsageError(f"A {type(key).__name__} verifies no signatures of Countersign.")
    raise UsageError("That is neither a public key nor a certificate, in PEM, DER or OpenSSH form.")


_LOADERS = (
    load_pem_public_key,
    load_der_public_key,
    load_ssh_public_key,
    lambda content: x509.load_pem_x509_certificate(content).public_key(),
    lambda content: x509.load_der_x509_certificate(content).public_key(),
)


def usual_digest(key: VerifyingKey) -> str:
    """Return the hash function that goes with a key unless another one is named."""
    bits = key.key_size if isinstance(key, ec.EllipticCurvePublicKey) else None
    return _CURVE_DIGESTS.get(bits, "sha256")


def is_valid_signature(
    key: VerifyingKey, signature: bytes, digest: bytes, digest_name: str
) -> bool:
    """Tell whether a signature is that of a key over a digest.

    Args:
        key: The public key.
        signature: The bytes that are to be verified.
        digest: What was signed.
        digest_name: What `hashlib` calls the hash function that made the digest.
    """
    verify: Any = key.verify
    for scheme in _schemes(key, HASHES[digest_name]):
        try:
            verify(signature, digest, *scheme)
        except InvalidSignature:
            continue
        return True
    return False


def _schemes(key: VerifyingKey, algorithm: hashes.HashAlgorithm) -> list[tuple[Any, ...]]:
    """Return what `verify` takes beside signature and digest; one of them has to hold."""
    prehashed = Prehashed(algorithm)
    match key:
        case ec.EllipticCurvePublicKey():
            return [(ec.ECDSA(prehashed),)]
        case rsa.RSAPublicKey():
            # A keypair signs with one padding, which its public key does not name.
            pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
            return [(padding.PKCS1v15(), prehashed), (pss, prehashed)]
        case _:  # Ed25519 and ML-DSA sign the digest's bytes as their message
            return [()]
