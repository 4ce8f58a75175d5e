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
        text: The public key as it is stored: SubjectPublicKeyInfo in PEM, or an armored OpenPGP
            certificate.
        comment: A name without spaces for the forms that have one.
    """

    def __init__(self, algorithm: KeypairAlgorithm, text: str, comment: str) -> None:
        self._algorithm = algorithm
        self._text = text
        self._comment = "-".join(comment.split())

    @property
    def openpgp(self) -> str | None:
        """The armored OpenPGP certificate (RFC 9580), of OpenPGP keypairs alone."""
        return self._text if self._algorithm.scheme is Scheme.OPENPGP else None

    @property
    def pem(self) -> str | None:
        """SubjectPublicKeyInfo in PEM (RFC 7468); None for OpenPGP, as all that follow."""
        return None if self._algorithm.scheme is Scheme.OPENPGP else self._text

    @property
    def der(self) -> bytes | None:
        """SubjectPublicKeyInfo in DER (RFC 5280 section 4.1)."""
        key = self._key
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if key else None

    @property
    def ssh(self) -> str | None:
        """A line as in `authorized_keys` and `allowed_signers` (RFC 4253 section 6.6)."""
        line = self._ssh_line
        return f"{line} {self._comment}\n" if line else None

    @property
    def jwk(self) -> dict[str, Any] | None:
        """A JSON Web Key (RFC 7517) whose `kid` is its thumbprint (RFC 7638)."""
        if self.pem is None:
            return None
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
        if self.der is not None:
            return sha256(self.der).hexdigest()
        from pysequoia import Cert

        return Cert.from_bytes(self._text.encode()).fingerprint

    @property
    def ssh_fingerprint(self) -> str | None:
        """The fingerprint that `ssh-keygen -l` shows."""
        if self._ssh_line is None:
            return None
        blob = b64decode(self._ssh_line.split()[1])
        return "SHA256:" + b64encode(sha256(blob).digest()).decode().rstrip("=")

    @cached_property
    def _key(self) -> PublicKeyTypes | None:
        return load_pem_public_key(self.pem.encode()) if self.pem is not None else None

    @property
    def _ssh_line(self) -> str | None:
        key = self._key
        return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() if key else None
