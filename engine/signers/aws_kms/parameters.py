"""What KMS is asked for, by algorithm: key specs, signing algorithms and messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import shake_256
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from engine.formats.primitives import CURVE_DIGESTS
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme
from engine.signers.base import Digest, SigningInput, SigningKey, UnsuitableMessage

if TYPE_CHECKING:
    from mypy_boto3_kms.literals import KeySpecType, MessageTypeType, SigningAlgorithmSpecType

#: Bytes of a message that KMS signs as itself, at most.
MAX_MESSAGE_BYTES = 4096

KEY_SPECS: Mapping[KeypairAlgorithm, KeySpecType] = {
    KeypairAlgorithm.ECDSA_P256: "ECC_NIST_P256",
    KeypairAlgorithm.ECDSA_P384: "ECC_NIST_P384",
    KeypairAlgorithm.ECDSA_P521: "ECC_NIST_P521",
    KeypairAlgorithm.ED25519: "ECC_NIST_EDWARDS25519",
    KeypairAlgorithm.ML_DSA_44: "ML_DSA_44",
    KeypairAlgorithm.ML_DSA_65: "ML_DSA_65",
    KeypairAlgorithm.ML_DSA_87: "ML_DSA_87",
    KeypairAlgorithm.RSA_PSS_2048: "RSA_2048",
    KeypairAlgorithm.RSA_PSS_3072: "RSA_3072",
    KeypairAlgorithm.RSA_PSS_4096: "RSA_4096",
    KeypairAlgorithm.RSA_PKCS1_2048: "RSA_2048",
    KeypairAlgorithm.RSA_PKCS1_3072: "RSA_3072",
    KeypairAlgorithm.RSA_PKCS1_4096: "RSA_4096",
}
_ECDSA: Mapping[DigestAlgorithm, SigningAlgorithmSpecType] = {
    DigestAlgorithm.SHA256: "ECDSA_SHA_256",
    DigestAlgorithm.SHA384: "ECDSA_SHA_384",
    DigestAlgorithm.SHA512: "ECDSA_SHA_512",
}
_RSA_PSS: Mapping[DigestAlgorithm, SigningAlgorithmSpecType] = {
    DigestAlgorithm.SHA256: "RSASSA_PSS_SHA_256",
    DigestAlgorithm.SHA384: "RSASSA_PSS_SHA_384",
    DigestAlgorithm.SHA512: "RSASSA_PSS_SHA_512",
}
_RSA_PKCS1: Mapping[DigestAlgorithm, SigningAlgorithmSpecType] = {
    DigestAlgorithm.SHA256: "RSASSA_PKCS1_V1_5_SHA_256",
    DigestAlgorithm.SHA384: "RSASSA_PKCS1_V1_5_SHA_384",
    DigestAlgorithm.SHA512: "RSASSA_PKCS1_V1_5_SHA_512",
}


@dataclass(frozen=True, slots=True)
class SignParameters:
    """What is signed, in the words of KMS."""

    algorithm: SigningAlgorithmSpecType
    message_type: MessageTypeType
    message: bytes


def sign_parameters(key: SigningKey, message: SigningInput) -> SignParameters:
    """Return the parameters with which KMS makes the signature that the other signers make.

    Raises:
        UnsuitableMessage: The message is longer than KMS takes one.
    """
    match key.algorithm.scheme, message:
        case Scheme.ECDSA, Digest():
            own = CURVE_DIGESTS[key.algorithm.bits]
            return SignParameters(_ECDSA[own], "DIGEST", fit_digest(message.value, own.length))
        case Scheme.RSA_PSS, Digest():
            return SignParameters(_RSA_PSS[message.algorithm], "DIGEST", message.value)
        case Scheme.RSA_PKCS1, Digest():
            return SignParameters(_RSA_PKCS1[message.algorithm], "DIGEST", message.value)
        case Scheme.ED25519, _:
            _require_short(message.value)
            return SignParameters("ED25519_SHA_512", "RAW", message.value)
        case Scheme.ML_DSA, _:
            value = message_representative(key.public_key_pem, message.value)
            return SignParameters("ML_DSA_SHAKE_256", "EXTERNAL_MU", value)
        case _:
            raise TypeError(f"{key.algorithm} does not sign {type(message).__name__}")


def fit_digest(value: bytes, length: int) -> bytes:
    """Return a digest in the one length that KMS takes for a curve; the signature is the same.

    What ECDSA signs is a number (FIPS 186-5, section 6.4.1): of a digest that is longer than the
    curve it is the leading bits, and zeros before a shorter one do not change it.
    """
    return value[:length].rjust(length, b"\0")


def message_representative(public_key_pem: str, message: bytes) -> bytes:
    """Return the 64 bytes that pure ML-DSA with an empty context signs (FIPS 204, algorithm 7).

    KMS takes them for messages of any length.
    """
    public = load_pem_public_key(public_key_pem.encode("ascii"))
    key_hash = shake_256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).digest(64)
    return shake_256(key_hash + b"\0\0" + message).digest(64)


def _require_short(message: bytes) -> None:
    if len(message) > MAX_MESSAGE_BYTES:
        raise UnsuitableMessage(
            f"AWS KMS signs Ed25519 messages of at most {MAX_MESSAGE_BYTES} bytes. Sign the digest."
        )
