"""Raw keys for the tests of forms: what a signer does, without a signer."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.model.algorithms import DigestAlgorithm
from engine.openpgp.certificate import SigningHalf
from engine.openpgp.keys import OpenPgpKey

RawPrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

_HASHES = {
    DigestAlgorithm.SHA256: hashes.SHA256(),
    DigestAlgorithm.SHA384: hashes.SHA384(),
    DigestAlgorithm.SHA512: hashes.SHA512(),
}
#: By the name of an algorithm, how such a key is made.
MAKERS = {
    "ED25519": ed25519.Ed25519PrivateKey.generate,
    "ECDSA_P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECDSA_P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECDSA_P521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RSA_PKCS1_2048": lambda: rsa.generate_private_key(65537, 2048),
}


def public_pem(private: RawPrivateKey) -> str:
    """The public half as SubjectPublicKeyInfo in PEM."""
    public = private.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def sign_digest(
    private: RawPrivateKey, digest: bytes, algorithm: DigestAlgorithm = DigestAlgorithm.SHA512
) -> bytes:
    """The raw signature of a digest, as every signer makes it."""
    prehashed = Prehashed(_HASHES[algorithm])
    match private:
        case ed25519.Ed25519PrivateKey():
            return private.sign(digest)
        case ec.EllipticCurvePrivateKey():
            return private.sign(digest, ec.ECDSA(prehashed))
        case rsa.RSAPrivateKey():
            return private.sign(digest, padding.PKCS1v15(), prehashed)


def signing_half(private: RawPrivateKey, created_at: int) -> SigningHalf:
    """The key as a certificate is made with it."""
    key = OpenPgpKey(public_pem(private), created_at)
    return SigningHalf(key, lambda digest: sign_digest(private, digest))
