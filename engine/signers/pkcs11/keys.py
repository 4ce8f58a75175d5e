"""Making keys in a PKCS#11 token and signing with them: algorithms to mechanisms."""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import (
    MGF,
    Attribute,
    KeyType,
    Mechanism,
    MechanismFlag,
    ObjectClass,
    Session,
)
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_named_curve_parameters

from engine.formats.primitives import CURVES
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme
from engine.signers.base import Digest, SigningInput, UnacceptableKey

#: What a token must offer for keys of each scheme.
MECHANISMS: Mapping[Scheme, frozenset[Mechanism]] = {
    Scheme.ECDSA: frozenset({Mechanism.EC_KEY_PAIR_GEN, Mechanism.ECDSA}),
    Scheme.ED25519: frozenset({Mechanism.EC_EDWARDS_KEY_PAIR_GEN, Mechanism.EDDSA}),
    Scheme.RSA_PSS: frozenset({Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.RSA_PKCS_PSS}),
    Scheme.RSA_PKCS1: frozenset({Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.RSA_PKCS}),
}

_ED25519_OID = bytes.fromhex("06032b6570")
#: Some tokens store the other name that PKCS#11 has for the curve (section 6.3.8 of version 3.1).
_ED25519_NAMES = {_ED25519_OID: b"\x13\x0cedwards25519"}
_PSS: Mapping[DigestAlgorithm, tuple[Mechanism, MGF, int]] = {
    DigestAlgorithm.SHA256: (Mechanism.SHA256, MGF.SHA256, 32),
    DigestAlgorithm.SHA384: (Mechanism.SHA384, MGF.SHA384, 48),
    DigestAlgorithm.SHA512: (Mechanism.SHA512, MGF.SHA512, 64),
}
# What PKCS#1 v1.5 puts before the digest (RFC 8017, section 9.2, note 1).
_DIGEST_INFO: Mapping[DigestAlgorithm, bytes] = {
    DigestAlgorithm.SHA256: bytes.fromhex("3031300d060960864801650304020105000420"),
    DigestAlgorithm.SHA384: bytes.fromhex("3041300d060960864801650304020205000430"),
    DigestAlgorithm.SHA512: bytes.fromhex("3051300d060960864801650304020305000440"),
}


def make(session: Session, algorithm: KeypairAlgorithm, key_id: bytes, label: str) -> str:
    """A key that is kept, signs, and can never be extracted; answers its public half in PEM."""
    key_type, length, public_template = _kind(algorithm)
    public, _ = session.generate_keypair(
        key_type,
        length,
        id=key_id,
        label=label,
        store=True,
        capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
        public_template=public_template,
        private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    )
    return _public_pem(public, algorithm)


def public_half(session: Session, private: Any, algorithm: KeypairAlgorithm) -> str:
    """The public half of a key that was made elsewhere, in PEM; it has the id of the private one.

    Raises:
        UnacceptableKey: The key is not of this algorithm, or its public half is not there.
    """
    key_type, _, curve = _kind(algorithm)
    if private[Attribute.KEY_TYPE] is not key_type or not all(
        private[name] in {value, _ED25519_NAMES.get(value)} for name, value in curve.items()
    ):
        raise UnacceptableKey(f"This key of the token is not of {algorithm}. Name its algorithm.")
    if key_type is KeyType.RSA:
        return _public_pem(private, algorithm)  # an RSA key has both halves
    template = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: private[Attribute.ID]}
    publics = list(session.get_objects(template))
    if len(publics) != 1:
        message = (
            "The token has no public key with the id of this private key, or several."
            " Put the one that belongs to it there, for example with `pkcs11-tool --write-object`."
        )
        raise UnacceptableKey(message)
    return _public_pem(publics[0], algorithm)


def sign(private: SignMixin, algorithm: KeypairAlgorithm, message: SigningInput) -> bytes:
    """ECDSA signatures are DER, the others as their standards have them."""
    match algorithm.scheme, message:
        case Scheme.ECDSA, Digest():
            # Some tokens refuse a digest longer than the curve; its leading bits are what counts.
            value = message.value[: _coordinate_bytes(algorithm)]
            return _to_der(private.sign(value, mechanism=Mechanism.ECDSA), algorithm)
        case Scheme.ED25519, _:
            return private.sign(message.value, mechanism=Mechanism.EDDSA)
        case Scheme.RSA_PSS, Digest():
            salted = _PSS[message.algorithm]
            return private.sign(
                message.value, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=salted
            )
        case Scheme.RSA_PKCS1, Digest():
            value = _DIGEST_INFO[message.algorithm] + message.value
            return private.sign(value, mechanism=Mechanism.RSA_PKCS)
        case _:
            raise TypeError(f"{algorithm} does not sign {type(message).__name__}")


def _coordinate_bytes(algorithm: KeypairAlgorithm) -> int:
    return (algorithm.bits + 7) // 8


def _to_der(pair: bytes, algorithm: KeypairAlgorithm) -> bytes:
    half = _coordinate_bytes(algorithm)
    if len(pair) != 2 * half:
        raise ValueError(f"The token answered {len(pair)} bytes for an {algorithm} signature.")
    r, s = int.from_bytes(pair[:half], "big"), int.from_bytes(pair[half:], "big")
    return encode_dss_signature(r, s)


def _kind(algorithm: KeypairAlgorithm) -> tuple[KeyType, int | None, dict[Attribute, bytes]]:
    """Key type, modulus length in bits, attributes of the public half."""
    match algorithm.scheme:
        case Scheme.ECDSA:
            curve = encode_named_curve_parameters(CURVES[algorithm.bits].name)
            return KeyType.EC, None, {Attribute.EC_PARAMS: curve}
        case Scheme.ED25519:
            return KeyType.EC_EDWARDS, None, {Attribute.EC_PARAMS: _ED25519_OID}
        case _:
            return KeyType.RSA, algorithm.bits, {}


def _public_pem(public: Any, algorithm: KeypairAlgorithm) -> str:
    known: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
    match algorithm.scheme:
        # Points come bare or wrapped in DER, as the token likes; they are at the end in both.
        case Scheme.ECDSA:
            point = public[Attribute.EC_POINT][-(2 * _coordinate_bytes(algorithm) + 1) :]
            curve = CURVES[algorithm.bits]
            known = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
        case Scheme.ED25519:
            known = ed25519.Ed25519PublicKey.from_public_bytes(public[Attribute.EC_POINT][-32:])
        case _:
            modulus = int.from_bytes(public[Attribute.MODULUS], "big")
            exponent = int.from_bytes(public[Attribute.PUBLIC_EXPONENT], "big")
            known = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return known.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
