"""Keys for the agent in tests: a signer in memory that keeps count of signatures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import NameOID

from countersign.agent.signing_keys import AgentKey, DigestAlgorithm, Scheme
from countersign.errors import ClientError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
HASHES = {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}

NEW_KEYS: dict[str, Callable[[], PrivateKey]] = {
    "ECDSA_P256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECDSA_P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECDSA_P521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ED25519": ed25519.Ed25519PrivateKey.generate,
    "RSA_PKCS1_2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA_PSS_2048": lambda: rsa.generate_private_key(65537, 2048),
}


def sign_content(
    key: PrivateKey, scheme: Scheme, content: bytes, hash_name: DigestAlgorithm | None
) -> bytes:
    """What the server makes of a digest or a message."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(content)
    assert hash_name
    prehashed = utils.Prehashed(HASHES[hash_name])
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(content, ec.ECDSA(prehashed))
    if scheme is Scheme.RSA_PSS:
        pss = padding.PSS(padding.MGF1(HASHES[hash_name]), padding.PSS.DIGEST_LENGTH)
        return key.sign(content, pss, prehashed)
    return key.sign(content, padding.PKCS1v15(), prehashed)


def self_signed(key: PrivateKey, name: str) -> x509.Certificate:
    """A certificate over a key, by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(minutes=5)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30))
    )
    is_edwards = isinstance(key, ed25519.Ed25519PrivateKey)
    return builder.sign(key, None if is_edwards else hashes.SHA256())


@dataclass
class KeysInMemory:
    """Signs with private keys of its own; what was signed is kept in order."""

    private_keys: dict[str, PrivateKey]
    key_list: Sequence[AgentKey]
    signed: list[tuple[str, bytes, DigestAlgorithm | None]] = field(default_factory=list)
    refusal: ClientError | None = None
    release: asyncio.Event | None = None

    async def keys(self) -> Sequence[AgentKey]:
        return self.key_list

    async def sign(self, alias: str, content: bytes, hashed_by: DigestAlgorithm | None) -> bytes:
        if self.release:
            await self.release.wait()
        if self.refusal:
            raise self.refusal
        self.signed.append((alias, content, hashed_by))
        [key] = [key for key in self.key_list if key.alias == alias]
        return sign_content(self.private_keys[alias], key.scheme, content, hashed_by)


def keys_in_memory(*algorithms: str, with_certificates: bool = False) -> KeysInMemory:
    """One key for each algorithm, whose alias is the algorithm in small letters."""
    private_keys = {name.lower().replace("_", "-"): NEW_KEYS[name]() for name in algorithms}
    key_list = []
    for algorithm, (alias, key) in zip(algorithms, private_keys.items(), strict=True):
        scheme = next(scheme for scheme in Scheme if algorithm.startswith(scheme))
        certificates = (self_signed(key, alias),) if with_certificates else ()
        key_list.append(
            AgentKey(
                id=alias,
                alias=alias,
                algorithm=algorithm,
                scheme=scheme,
                public_key=key.public_key(),
                certificates=certificates,
            )
        )
    return KeysInMemory(private_keys, key_list)
