"""Software keys, encrypted at rest under the master key."""

from collections.abc import Set as AbstractSet

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme
from engine.signers.base import (
    Digest,
    GeneratedKey,
    KeyBinding,
    SignerContext,
    SignerFailed,
    SigningInput,
    SigningKey,
    require_digest,
    require_supported,
)
from engine.signers.sealed_keys import SealedKeys

#: About how long a signature takes. RSA keys of other sizes take a millisecond and more.
_QUICK_SECONDS = {
    KeypairAlgorithm.ECDSA_P256: 20e-6,
    KeypairAlgorithm.ECDSA_P384: 160e-6,
    KeypairAlgorithm.ED25519: 20e-6,
    KeypairAlgorithm.RSA_PSS_2048: 250e-6,
    KeypairAlgorithm.RSA_PKCS1_2048: 250e-6,
}

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

_CURVES: dict[int, ec.EllipticCurve] = {256: ec.SECP256R1(), 384: ec.SECP384R1()}
_HASHES: dict[DigestAlgorithm, hashes.HashAlgorithm] = {
    DigestAlgorithm.SHA256: hashes.SHA256(),
    DigestAlgorithm.SHA384: hashes.SHA384(),
    DigestAlgorithm.SHA512: hashes.SHA512(),
}


class LocalSigner:
    """Keys are PKCS#8, sealed by the keyring; a signature costs no more than its arithmetic."""

    name = "local"
    algorithms: AbstractSet[KeypairAlgorithm] = frozenset(
        algorithm for algorithm in KeypairAlgorithm if algorithm is algorithm.current
    )

    def __init__(self, context: SignerContext) -> None:
        self._keyring = context.keyring
        self._keys = SealedKeys(context.keyring, _parse)

    @classmethod
    def from_context(cls, context: SignerContext) -> "LocalSigner":
        """Always there: it needs nothing but the keyring."""
        return cls(context)

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        """The public key is SubjectPublicKeyInfo in PEM."""
        require_supported(self, algorithm)
        private = _make(algorithm)
        secret = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        sealed = self._keyring.seal(secret, binding)
        return GeneratedKey(public.decode("ascii"), sealed.material, sealed.key_id)

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        """ECDSA signatures are DER, the others as their standards have them."""
        return _sign(self._keys.get(key), key.algorithm, require_digest(message))

    def quick_seconds(self, algorithm: KeypairAlgorithm) -> float | None:
        """About how long a signature takes; None for large RSA keys."""
        return _QUICK_SECONDS.get(algorithm)

    def destroy(self, key: SigningKey) -> None:
        """Nothing is to be done: the key was nowhere but in its sealed material."""


def _make(algorithm: KeypairAlgorithm) -> PrivateKey:
    match algorithm.scheme:
        case Scheme.ECDSA:
            return ec.generate_private_key(_CURVES[algorithm.bits])
        case Scheme.ED25519:
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return rsa.generate_private_key(public_exponent=65537, key_size=algorithm.bits)


def _parse(secret: bytes) -> PrivateKey:
    # The seal vouches for the key: made here, unaltered. Checking an RSA key's primes again would
    # hold the interpreter for up to a quarter of a second.
    private = load_der_private_key(secret, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private, PrivateKey):
        raise TypeError(type(private).__name__)
    return private


def _sign(private: PrivateKey, algorithm: KeypairAlgorithm, digest: Digest) -> bytes:
    hashed = Prehashed(_HASHES[digest.algorithm])
    match algorithm.scheme, private:
        case Scheme.ECDSA, ec.EllipticCurvePrivateKey(key_size=algorithm.bits):
            return private.sign(digest.value, ec.ECDSA(hashed))
        case Scheme.ED25519, ed25519.Ed25519PrivateKey():
            return private.sign(digest.value)
        case Scheme.RSA_PSS, rsa.RSAPrivateKey(key_size=algorithm.bits):
            return private.sign(digest.value, _pss(digest.algorithm), hashed)
        case Scheme.RSA_PKCS1, rsa.RSAPrivateKey(key_size=algorithm.bits):
            return private.sign(digest.value, padding.PKCS1v15(), hashed)
        case _:
            message = f"The key of this keypair is not a local {algorithm} key."
            raise SignerFailed(message)


def _pss(algorithm: DigestAlgorithm) -> padding.PSS:
    return padding.PSS(padding.MGF1(_HASHES[algorithm]), algorithm.length)
