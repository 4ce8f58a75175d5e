"""The forms of a public key that programs ask for, made from the one that is stored."""

from __future__ import annotations

from base64 import b64decode, b64encode
from functools import cached_property
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from engine.model.algorithms import KeypairAlgorithm, Scheme
from engine.openpgp.certificate import certificate_fingerprint

#: The algorithm of signatures by JSON Web Algorithms (RFC 7518, RFC 9864), where it is one only:
#: RSA keys sign digests of any of their hash functions.
_JWA = {
    KeypairAlgorithm.ECDSA_P256: "ES256",
    KeypairAlgorithm.ECDSA_P384: "ES384",
    KeypairAlgorithm.ED25519: "Ed25519",
}


class PublicKey:
    """A public key in several forms; each is made when it is first asked for.

    Args:
        algorithm: The algorithm of the keypair.
        pem: The public key as it is stored: SubjectPublicKeyInfo in PEM.
        comment: A name without spaces for the forms that have one.
        certificate: The armored OpenPGP certificate, whose signing subkey the key is.
    """

    def __init__(
        self,
        algorithm: KeypairAlgorithm,
        pem: str,
        comment: str,
        certificate: str | None = None,
    ) -> None:
        self._algorithm = algorithm
        self._comment = "-".join(comment.split())
        #: SubjectPublicKeyInfo in PEM (RFC 7468).
        self.pem = pem
        #: The armored OpenPGP certificate (RFC 9580), of keypairs of the category `GPG` alone.
        self.openpgp = certificate

    @property
    def der(self) -> bytes:
        """SubjectPublicKeyInfo in DER (RFC 5280 section 4.1)."""
        return self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def ssh(self) -> str:
        """A line as in `authorized_keys` and `allowed_signers` (RFC 4253 section 6.6)."""
        return f"{self._ssh_line} {self._comment}\n"

    @property
    def jwk(self) -> dict[str, Any]:
        """A JSON Web Key (RFC 7517) whose `kid` is its thumbprint (RFC 7638)."""
        # Imported here: few ask for it, and it takes time to import.
        from joserfc.jwk import ECKey, OKPKey, RSAKey

        key: ECKey | OKPKey | RSAKey
        match self._algorithm.scheme:
            case Scheme.ECDSA:
                key = ECKey.import_key(self.pem)
            case Scheme.ED25519:
                key = OKPKey.import_key(self.pem)
            case _:
                key = RSAKey.import_key(self.pem)
        alg = {"alg": _JWA[self._algorithm]} if self._algorithm in _JWA else {}
        return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", **alg}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER in hexadecimal digits, or the OpenPGP certificate's fingerprint."""
        if self.openpgp is not None:
            return certificate_fingerprint(self.openpgp).hex()
        return sha256(self.der).hexdigest()

    @property
    def ssh_fingerprint(self) -> str:
        """The fingerprint that `ssh-keygen -l` shows."""
        blob = b64decode(self._ssh_line.split()[1])
        return "SHA256:" + b64encode(sha256(blob).digest()).decode().rstrip("=")

    @cached_property
    def _key(self) -> PublicKeyTypes:
        return load_pem_public_key(self.pem.encode())

    @property
    def _ssh_line(self) -> str:
        return self._key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
