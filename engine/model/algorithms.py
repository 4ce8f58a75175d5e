"""The algorithms of keypairs and digests, and their properties."""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from typing import NamedTuple

from engine.model.vocabulary import KeypairCategory


class DigestAlgorithm(StrEnum):
    """The hash algorithm of a digest that is to be signed."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"

    @property
    def length(self) -> int:
        """The length of such a digest, in bytes."""
        return int(self.removeprefix("SHA")) // 8


class KeypairAlgorithm(StrEnum):
    """The algorithm of a keypair: its kind, its size, and how it signs."""

    ECDSA_P256 = "ECDSA_P256"
    ECDSA_P384 = "ECDSA_P384"
    ECDSA_P521 = "ECDSA_P521"
    #: Signs a message, or the digest's bytes as its message.
    ED25519 = "ED25519"
    #: As Ed25519 does. Pure ML-DSA (FIPS 204) with an empty context.
    ML_DSA_44 = "ML_DSA_44"
    ML_DSA_65 = "ML_DSA_65"
    ML_DSA_87 = "ML_DSA_87"
    RSA_PSS_2048 = "RSA_PSS_2048"
    RSA_PSS_3072 = "RSA_PSS_3072"
    RSA_PSS_4096 = "RSA_PSS_4096"
    RSA_PKCS1_2048 = "RSA_PKCS1_2048"
    RSA_PKCS1_3072 = "RSA_PKCS1_3072"
    RSA_PKCS1_4096 = "RSA_PKCS1_4096"
    #: The names of earlier versions for keypairs of the category `GPG`: see `current`.
    OPENPGP_ED25519 = "OPENPGP_ED25519"
    OPENPGP_RSA_4096 = "OPENPGP_RSA_4096"

    @property
    def scheme(self) -> "Scheme":
        """The signature scheme of the algorithm."""
        return SHAPES[self].scheme

    @property
    def bits(self) -> int:
        """The size of the modulus or of the curve; of ML-DSA the number of its parameter set."""
        return SHAPES[self].bits

    @property
    def categories(self) -> frozenset[KeypairCategory]:
        """The categories that keypairs of this algorithm can have: OpenPGP knows fewer of them."""
        if self is not self.current:
            return frozenset({KeypairCategory.GPG})
        if self.scheme in OPENPGP_SCHEMES:
            return frozenset(KeypairCategory)
        return frozenset({KeypairCategory.STANDARD})

    @property
    def current(self) -> "KeypairAlgorithm":
        """The algorithm itself, or that of the raw keys if this is an earlier name for OpenPGP."""
        return _RAW_ALGORITHMS.get(self, self)


class Scheme(Enum):
    """The signature schemes, whatever the size of the key."""

    #: Signatures in DER.
    ECDSA = auto()
    ED25519 = auto()
    ML_DSA = auto()
    #: Salt as long as the digest, MGF1 with the digest's own hash.
    RSA_PSS = auto()
    #: PKCS#1 v1.5.
    RSA_PKCS1 = auto()


#: The schemes of OpenPGP signatures of version 4.
OPENPGP_SCHEMES = frozenset({Scheme.ECDSA, Scheme.ED25519, Scheme.RSA_PKCS1})


class KeyShape(NamedTuple):
    """A scheme and its size in bits."""

    scheme: Scheme
    bits: int


SHAPES: Mapping[KeypairAlgorithm, KeyShape] = {
    KeypairAlgorithm.ECDSA_P256: KeyShape(Scheme.ECDSA, 256),
    KeypairAlgorithm.ECDSA_P384: KeyShape(Scheme.ECDSA, 384),
    KeypairAlgorithm.ECDSA_P521: KeyShape(Scheme.ECDSA, 521),
    KeypairAlgorithm.ED25519: KeyShape(Scheme.ED25519, 256),
    KeypairAlgorithm.ML_DSA_44: KeyShape(Scheme.ML_DSA, 44),
    KeypairAlgorithm.ML_DSA_65: KeyShape(Scheme.ML_DSA, 65),
    KeypairAlgorithm.ML_DSA_87: KeyShape(Scheme.ML_DSA, 87),
    KeypairAlgorithm.RSA_PSS_2048: KeyShape(Scheme.RSA_PSS, 2048),
    KeypairAlgorithm.RSA_PSS_3072: KeyShape(Scheme.RSA_PSS, 3072),
    KeypairAlgorithm.RSA_PSS_4096: KeyShape(Scheme.RSA_PSS, 4096),
    KeypairAlgorithm.RSA_PKCS1_2048: KeyShape(Scheme.RSA_PKCS1, 2048),
    KeypairAlgorithm.RSA_PKCS1_3072: KeyShape(Scheme.RSA_PKCS1, 3072),
    KeypairAlgorithm.RSA_PKCS1_4096: KeyShape(Scheme.RSA_PKCS1, 4096),
    KeypairAlgorithm.OPENPGP_ED25519: KeyShape(Scheme.ED25519, 256),
    KeypairAlgorithm.OPENPGP_RSA_4096: KeyShape(Scheme.RSA_PKCS1, 4096),
}

_RAW_ALGORITHMS: Mapping[KeypairAlgorithm, KeypairAlgorithm] = {
    KeypairAlgorithm.OPENPGP_ED25519: KeypairAlgorithm.ED25519,
    KeypairAlgorithm.OPENPGP_RSA_4096: KeypairAlgorithm.RSA_PKCS1_4096,
}
