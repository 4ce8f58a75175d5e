"""Software keys, encrypted at rest under the master key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from engine.formats.primitives import HASHES, ML_DSA_KEYS, PrivateKey, generate_private_key
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme
from engine.signers.base import (
    Capabilities,
    Digest,
    GeneratedKey,
    KeyBinding,
    Signer,
    SignerContext,
    SignerFailed,
    SigningInput,
    SigningKey,
    inputs_of,
    require_generates,
    require_input,
)
from engine.signers.sealed_keys import SealedKeys

#: About how long a signature takes. Other RSA keys, and ML-DSA-87 over a long message, take a
#: millisecond and more.
_QUICK_SECONDS = {
    KeypairAlgorithm.ECDSA_P256: 20e-6,
    KeypairAlgorithm.ECDSA_P384: 160e-6,
    KeypairAlgorithm.ECDSA_P521: 200e-6,
    KeypairAlgorithm.ED25519: 20e-6,
    KeypairAlgorithm.ML_DSA_44: 450e-6,
    KeypairAlgorithm.ML_DSA_65: 700e-6,
    KeypairAlgorithm.RSA_PSS_2048: 250e-6,
    KeypairAlgorithm.RSA_PKCS1_2048: 250e-6,
}

_ALGORITHMS = frozenset(
    algorithm for algorithm in KeypairAlgorithm if algorithm is algorithm.current
)


class LocalSigner(Signer):
    """Keys are PKCS#8, sealed by the keyring; a signature costs no more than its arithmetic."""

    name = "local"
    capabilities = Capabilities(
        signs=inputs_of(_ALGORITHMS),
        generates=_ALGORITHMS,
        imports=_ALGORITHMS,
        quick_seconds=_QUICK_SECONDS,
    )

    def __init__(self, context: SignerContext) -> None:
        self._keyring = context.keyring
        self._keys = SealedKeys(context.keyring, _parse)

    @classmethod
    def from_context(cls, context: SignerContext) -> Sequence[Self]:
        """Always there: it needs nothing but the keyring."""
        return [cls(context)]

    def generate(self, algorithm: KeypairAlgorithm, binding: KeyBinding) -> GeneratedKey:
        """The public key is SubjectPublicKeyInfo in PEM."""
        require_generates(self, algorithm)
        private = generate_private_key(algorithm)
        secret = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return self._sealed(private, secret, binding)

    def import_key(
        self, private_key: bytes, algorithm: KeypairAlgorithm, binding: KeyBinding
    ) -> GeneratedKey:
        """Seal it as one that was made here."""
        return self._sealed(_parse(private_key), private_key, binding)

    def _sealed(self, private: PrivateKey, secret: bytes, binding: KeyBinding) -> GeneratedKey:
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        sealed = self._keyring.seal(secret, binding)
        return GeneratedKey(public.decode("ascii"), sealed.material, sealed.key_id)

    def sign(self, key: SigningKey, message: SigningInput) -> bytes:
        """ECDSA signatures are DER, the others as their standards have them."""
        require_input(self, key.algorithm, message)
        return _sign(self._keys.get(key), key.algorithm, message)

    def destroy(self, key: SigningKey) -> None:
        """Nothing is to be done: the key was nowhere but in its sealed material."""


def _parse(secret: bytes) -> PrivateKey:
    # The seal vouches for the key: made or checked here, and unaltered. Checking an RSA key's
    # primes again would hold the interpreter for up to a quarter of a second.
    private = load_der_private_key(secret, password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(private, PrivateKey):
        raise TypeError(type(private).__name__)
    return private


def _sign(private: PrivateKey, algorithm: KeypairAlgorithm, message: SigningInput) -> bytes:
    match algorithm.scheme, private, message:
        case Scheme.ECDSA, ec.EllipticCurvePrivateKey(key_size=algorithm.bits), Digest():
            return private.sign(message.value, ec.ECDSA(_prehashed(message)))
        case Scheme.ED25519, ed25519.Ed25519PrivateKey(), _:
            return private.sign(message.value)
        case Scheme.ML_DSA, _, _ if isinstance(private, ML_DSA_KEYS[algorithm.bits]):
            return private.sign(message.value)
        case Scheme.RSA_PSS, rsa.RSAPrivateKey(key_size=algorithm.bits), Digest():
            return private.sign(message.value, _pss(message.algorithm), _prehashed(message))
        case Scheme.RSA_PKCS1, rsa.RSAPrivateKey(key_size=algorithm.bits), Digest():
            return private.sign(message.value, padding.PKCS1v15(), _prehashed(message))
        case _:
            text = f"The key of this keypair is not a local {algorithm} key."
            raise SignerFailed(text)


def _prehashed(digest: Digest) -> Prehashed:
    return Prehashed(HASHES[digest.algorithm])


def _pss(algorithm: DigestAlgorithm) -> padding.PSS:
    return padding.PSS(padding.MGF1(HASHES[algorithm]), algorithm.length)
