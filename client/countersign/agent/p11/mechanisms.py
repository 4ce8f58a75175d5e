"""Ways to sign: what PKCS#11 calls them, and what digest each asks the server to sign.

PKCS#11 lets the caller choose hash function and padding at each call. A keypair of the server has
one scheme, and signs digests. So each mechanism belongs to one scheme, and to each belongs a way
from what the caller passes to a digest: it is hashed here, or the digest is taken out of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from countersign.agent.p11.constants import MaskFunction, MechanismType, ReturnValue
from countersign.agent.p11.wire import Mechanism, PssParameters
from countersign.agent.signing_keys import AgentKey, DigestAlgorithm, Scheme

#: How much a caller may pass in parts to a mechanism that does not hash: a DigestInfo is shorter.
MAX_DIGEST_INPUT_BYTES = 128

#: What stands before the digest in a DigestInfo of PKCS #1 (RFC 8017, section 9.2, note 1).
DIGEST_INFO_PREFIXES = {
    DigestAlgorithm.SHA256: bytes.fromhex("3031300d060960864801650304020105000420"),
    DigestAlgorithm.SHA384: bytes.fromhex("3041300d060960864801650304020205000430"),
    DigestAlgorithm.SHA512: bytes.fromhex("3051300d060960864801650304020305000440"),
}
#: What the server does with RSA-PSS: the mask function has the same hash, the salt its length.
PSS_PARAMETERS = {
    DigestAlgorithm.SHA256: PssParameters(MechanismType.SHA256, MaskFunction.MGF1_SHA256, 32),
    DigestAlgorithm.SHA384: PssParameters(MechanismType.SHA384, MaskFunction.MGF1_SHA384, 48),
    DigestAlgorithm.SHA512: PssParameters(MechanismType.SHA512, MaskFunction.MGF1_SHA512, 64),
}


class MechanismFailed(Exception):
    """The mechanism cannot sign what the caller passed.

    Attributes:
        value: What PKCS#11 answers.
        code: The reason as a word.
        sentence: The reason as a sentence for the person.
    """

    def __init__(self, value: ReturnValue, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.value = value
        self.code = code
        self.sentence = sentence


class DigestInput(Protocol):
    """What a caller passes to be signed, part by part."""

    def update(self, part: bytes, /) -> None:
        """Add a part."""

    def digest(self) -> bytes:
        """What the parts are together: their hash, or they themselves."""


class PassedThrough:
    """Input of a mechanism that does not hash; more than a DigestInfo is refused."""

    def __init__(self) -> None:
        self._content = b""

    def update(self, part: bytes, /) -> None:
        """Add a part.

        Raises:
            MechanismFailed: It is longer than any digest.
        """
        if len(self._content) + len(part) > MAX_DIGEST_INPUT_BYTES:
            raise MechanismFailed(
                ReturnValue.DATA_LEN_RANGE,
                "DATA_TOO_LONG",
                "the tool passed more than a digest: choose a mechanism that hashes.",
            )
        self._content += part

    def digest(self) -> bytes:
        """The parts, joined."""
        return self._content


def _digest_of_its_length(content: bytes) -> tuple[DigestAlgorithm, bytes]:
    for algorithm in DigestAlgorithm:
        if algorithm.size_bytes == len(content):
            return algorithm, content
    raise MechanismFailed(
        ReturnValue.DATA_LEN_RANGE,
        "WRONG_DIGEST",
        f"a digest of {len(content)} bytes cannot be signed: use SHA-256, SHA-384 or SHA-512.",
    )


def _digest_out_of_digest_info(content: bytes) -> tuple[DigestAlgorithm, bytes]:
    for algorithm, prefix in DIGEST_INFO_PREFIXES.items():
        if content.startswith(prefix) and len(content) == len(prefix) + algorithm.size_bytes:
            return algorithm, content[len(prefix) :]
    raise MechanismFailed(
        ReturnValue.DATA_INVALID,
        "WRONG_DIGEST",
        "the tool did not pass a digest of SHA-256, SHA-384 or SHA-512: choose one of them.",
    )


@dataclass(frozen=True, slots=True)
class SigningMechanism:
    """A mechanism that the token offers.

    Attributes:
        type: Its number.
        scheme: The scheme of the keys that sign with it.
        hash_function: What the token hashes with; None if the caller passes a digest.
        find_digest: How the digest is taken out of what the caller passes, if it is not hashed.
    """

    type: MechanismType
    scheme: Scheme
    hash_function: DigestAlgorithm | None = None
    find_digest: Callable[[bytes], tuple[DigestAlgorithm, bytes]] = _digest_of_its_length

    def new_input(self) -> DigestInput:
        """An input without any part."""
        return self.hash_function.new() if self.hash_function else PassedThrough()

    def digest_of(self, signing_input: DigestInput) -> tuple[DigestAlgorithm, bytes]:
        """The digest to sign.

        Raises:
            MechanismFailed: There is none in it.
        """
        if self.hash_function:
            return self.hash_function, signing_input.digest()
        return self.find_digest(signing_input.digest())


_TYPES = MechanismType
_SHA256, _SHA384, _SHA512 = DigestAlgorithm
MECHANISMS: dict[int, SigningMechanism] = {
    mechanism.type: mechanism
    for mechanism in (
        SigningMechanism(_TYPES.RSA_PKCS, Scheme.RSA_PKCS1, find_digest=_digest_out_of_digest_info),
        SigningMechanism(_TYPES.SHA256_RSA_PKCS, Scheme.RSA_PKCS1, _SHA256),
        SigningMechanism(_TYPES.SHA384_RSA_PKCS, Scheme.RSA_PKCS1, _SHA384),
        SigningMechanism(_TYPES.SHA512_RSA_PKCS, Scheme.RSA_PKCS1, _SHA512),
        SigningMechanism(_TYPES.RSA_PKCS_PSS, Scheme.RSA_PSS),
        SigningMechanism(_TYPES.SHA256_RSA_PKCS_PSS, Scheme.RSA_PSS, _SHA256),
        SigningMechanism(_TYPES.SHA384_RSA_PKCS_PSS, Scheme.RSA_PSS, _SHA384),
        SigningMechanism(_TYPES.SHA512_RSA_PKCS_PSS, Scheme.RSA_PSS, _SHA512),
        SigningMechanism(_TYPES.ECDSA, Scheme.ECDSA),
        SigningMechanism(_TYPES.ECDSA_SHA256, Scheme.ECDSA, _SHA256),
        SigningMechanism(_TYPES.ECDSA_SHA384, Scheme.ECDSA, _SHA384),
        SigningMechanism(_TYPES.ECDSA_SHA512, Scheme.ECDSA, _SHA512),
    )
}


def mechanisms_of(scheme: Scheme) -> tuple[int, ...]:
    """The mechanisms that a key of this scheme signs with."""
    return tuple(m.type for m in MECHANISMS.values() if m.scheme is scheme)


def choose_mechanism(key: AgentKey, named: Mechanism) -> SigningMechanism:
    """The mechanism that a caller names for a key.

    Raises:
        MechanismFailed: The token does not have it, the key does not sign with it, or its
            parameters are not what the server does.
    """
    mechanism = MECHANISMS.get(named.type)
    if mechanism is None:
        raise MechanismFailed(
            ReturnValue.MECHANISM_INVALID,
            "WRONG_MECHANISM",
            f"the mechanism {named.type:#x} is not offered: use SHA-256, SHA-384 or SHA-512.",
        )
    if mechanism.scheme is not key.scheme:
        raise MechanismFailed(
            ReturnValue.KEY_FUNCTION_NOT_PERMITTED,
            "WRONG_MECHANISM",
            f"{key.alias} is {key.algorithm}: it cannot make {mechanism.scheme} signatures.",
        )
    _check_parameters(mechanism, named)
    return mechanism


def _check_parameters(mechanism: SigningMechanism, named: Mechanism) -> None:
    """PSS has to be told what it does; nothing else may be told anything."""
    hash_functions = [mechanism.hash_function] if mechanism.hash_function else DigestAlgorithm
    accepted: list[PssParameters | None] = (
        [PSS_PARAMETERS[hash_function] for hash_function in hash_functions]
        if mechanism.scheme is Scheme.RSA_PSS
        else [None]
    )
    if not named.is_understood or named.parameters not in accepted:
        raise MechanismFailed(
            ReturnValue.MECHANISM_PARAM_INVALID,
            "WRONG_MECHANISM",
            "RSA-PSS is made with MGF1 of the same hash and a salt as long as the digest.",
        )


def check_digest_of_parameters(named: Mechanism, digest_algorithm: DigestAlgorithm) -> None:
    """Parameters of PSS name the hash function of the digest.

    Raises:
        MechanismFailed: The digest has another length.
    """
    if named.parameters not in {None, PSS_PARAMETERS[digest_algorithm]}:
        raise MechanismFailed(
            ReturnValue.DATA_LEN_RANGE,
            "WRONG_DIGEST",
            "the digest is not one of the hash function that the tool named for RSA-PSS.",
        )


def signature_size_bytes(key: AgentKey) -> int:
    """How long the key's signatures are in PKCS#11's form.

    Raises:
        TypeError: PKCS#11 does not offer such a key.
    """
    match key.public_key:
        case rsa.RSAPublicKey(key_size=bits):
            return bits // 8
        case ec.EllipticCurvePublicKey(curve=curve):
            return 2 * ((curve.key_size + 7) // 8)
    raise TypeError(key.algorithm)


def to_token_form(key: AgentKey, signature: bytes) -> bytes:
    """A signature of the server in PKCS#11's form: ECDSA is r and s of fixed length."""
    if key.scheme is not Scheme.ECDSA:
        return signature
    half_bytes = signature_size_bytes(key) // 2
    r, s = decode_dss_signature(signature)
    return r.to_bytes(half_bytes) + s.to_bytes(half_bytes)
