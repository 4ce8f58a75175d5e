"""What the parts of the agent know of a keypair, and of whoever signs with it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

#: The kinds of public keys that a server has.
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class DigestAlgorithm(StrEnum):
    """A hash function whose digests the server signs."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"

    @property
    def size_bytes(self) -> int:
        """The length of a digest."""
        return int(self.removeprefix("SHA")) // 8

    def new(self, content: bytes = b"") -> hashlib._Hash:
        """A running hash, which has the content so far."""
        return hashlib.new(self.value.lower(), content)


class Scheme(StrEnum):
    """A way to make signatures; each keypair has exactly one."""

    ECDSA = "ECDSA"
    ED25519 = "ED25519"
    RSA_PKCS1 = "RSA_PKCS1"
    RSA_PSS = "RSA_PSS"


@dataclass(frozen=True, kw_only=True)
class AgentKey:
    """A keypair of the server, as far as it is public.

    Attributes:
        id: The server's id of it.
        alias: Its name in the account.
        algorithm: The server's name for its key type and scheme, such as RSA_PSS_3072.
        scheme: The signatures that it makes.
        public_key: Its public key.
        certificates: Its certificate and those above it, the leaf first; empty if it has none.
        openpgp_certificate: Its OpenPGP certificate in ASCII armor, whose signing subkey it is;
            None for any other keypair.
    """

    id: str
    alias: str
    algorithm: str
    scheme: Scheme
    public_key: PublicKey
    certificates: tuple[Certificate, ...] = ()
    openpgp_certificate: str | None = None

    @property
    def is_openpgp(self) -> bool:
        """Whether it is for OpenPGP alone."""
        return self.openpgp_certificate is not None

    @cached_property
    def public_key_info(self) -> bytes:
        """The public key as SubjectPublicKeyInfo in DER."""
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class KeySigner(Protocol):
    """Whoever has keys and signs digests with them: a server, or what stands before it."""

    async def keys(self) -> Sequence[AgentKey]:
        """The keys that can be used, sorted by alias.

        Raises:
            ClientError: The server does not answer, or does not know who asks.
        """

    async def sign(self, alias: str, content: bytes, hashed_by: DigestAlgorithm | None) -> bytes:
        """One signature; each call uses one.

        Args:
            alias: The key that signs.
            content: A digest, or a short message for a key that signs messages.
            hashed_by: The hash function of the digest; None for a message.

        Raises:
            ClientError: There is no signature.
        """
