"""The forms of a public key that programs ask for, made from the one that is stored."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
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

#: The algorithm of signatures by JSON Web Algorithms (RFC 7518, 9864 and 9964), where it is one
#: only: RSA keys sign digests of any of their hash functions.
_JWA = {
    KeypairAlgorithm.ECDSA_P256: "ES256",
    KeypairAlgorithm.ECDSA_P384: "ES384",
    KeypairAlgorithm.ECDSA_P521: "ES512",
    KeypairAlgorithm.ED25519: "Ed25519",
    KeypairAlgorithm.ML_DSA_44: "ML-DSA-44",
    KeypairAlgorithm.ML_DSA_65: "ML-DSA-65",
    KeypairAlgorithm.ML_DSA_87: "ML-DSA-87",
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
    def ssh(self) -> str | None:
        """A line as in `authorized_keys` and `allowed_signers` (RFC 4253 section 6.6).

        None for ML-DSA, of which OpenSSH has no form.
        """
        line = self._ssh_line
        return f"{line} {self._comment}\n" if line else None

    @property
    def jwk(self) -> dict[str, Any]:
        """A JSON Web Key (RFC 7517) whose `kid` is its thumbprint (RFC 7638)."""
        if self._algorithm.scheme is Scheme.ML_DSA:
            return self._akp_jwk()
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

    def _akp_jwk(self) -> dict[str, Any]:
        """An Algorithm Key Pair (RFC 9964); its thumbprint is over the members it must have."""
        raw = self._key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        required = {"alg": _JWA[self._algorithm], "kty": "AKP", "pub": _base64url(raw)}
        canonical = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
        return {**required, "kid": _base64url(sha256(canonical).digest()), "use": "sig"}

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER in hexadecimal digits, or the OpenPGP certificate's fingerprint."""
        if self.openpgp is not None:
            return certificate_fingerprint(self.openpgp).hex()
        return sha256(self.der).hexdigest()

    @property
    def ssh_fingerprint(self) -> str | None:
        """The fingerprint that `ssh-keygen -l` shows."""
        line = self._ssh_line
        if line is None:
            return None
        blob = b64decode(line.split()[1])
        return "SHA256:" + b64encode(sha256(blob).digest()).decode().rstrip("=")

    @cached_property
    def _key(self) -> PublicKeyTypes:
        return load_pem_public_key(self.pem.encode())

    @property
    def _ssh_line(self) -> str | None:
        if self._algorithm.scheme is Scheme.ML_DSA:
            return None
        return self._key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _base64url(value: bytes) -> str:
    return urlsafe_b64encode(value).decode("ascii").rstrip("=")
