"""Shows that a key which came in from elsewhere signs, and that its public half is its own."""

from __future__ import annotations

import hashlib
import os

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from engine.formats.primitives import HASHES
from engine.model.algorithms import DigestAlgorithm, Scheme
from engine.signers.base import Digest, Signer, SignerFailed, SigningKey, UnacceptableKey
from engine.signers.guard import make_signature

SIGNATURE_OF_ANOTHER_KEY = "The signer's signature is not of this keypair. Tell an administrator."


def require_signs(signer: Signer, key: SigningKey) -> None:
    """Sign something that is of no use to anybody, and verify it with the public key.

    Raises:
        UnacceptableKey: The signature is not by this public key.
        SignerFailed: The signer does not sign with it.
    """
    value = hashlib.sha256(b"countersign key check " + os.urandom(32)).digest()
    digest = Digest(DigestAlgorithm.SHA256, value)
    if not _is_valid(key, digest, make_signature(signer, key, digest)):
        message = "What the key signs does not fit its public half. Check which public key it has."
        raise UnacceptableKey(message)


def require_signature_of(key: SigningKey, digest: Digest, signature: bytes) -> None:
    """Verify a signature before others are given it.

    Raises:
        SignerFailed: It is not by this public key.
    """
    if not _is_valid(key, digest, signature):
        raise SignerFailed(SIGNATURE_OF_ANOTHER_KEY)


def _is_valid(key: SigningKey, digest: Digest, signature: bytes) -> bool:
    public = load_pem_public_key(key.public_key_pem.encode("ascii"))
    algorithm = HASHES[digest.algorithm]
    hashed = Prehashed(algorithm)
    arguments: dict[Scheme, tuple[object, ...]] = {
        Scheme.ECDSA: (ec.ECDSA(hashed),),
        Scheme.RSA_PSS: (padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), hashed),
        Scheme.RSA_PKCS1: (padding.PKCS1v15(), hashed),
    }
    try:
        public.verify(signature, digest.value, *arguments.get(key.algorithm.scheme, ()))  # type: ignore[union-attr, arg-type]
    except InvalidSignature:
        return False
    return True
