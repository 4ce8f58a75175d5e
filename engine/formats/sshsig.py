"""Signatures as `ssh-keygen -Y verify` and git read them (OpenSSH's PROTOCOL.sshsig)."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

from engine.formats.primitives import CURVE_DIGESTS
from engine.model.algorithms import DigestAlgorithm, KeypairAlgorithm, Scheme

#: Characters in a line of the armor.
ARMOR_LINE_CHARACTERS = 70
_MAGIC, _VERSION, _RESERVED = b"SSHSIG", (1).to_bytes(4, "big"), b""
#: How the content may be hashed.
HASH_NAMES: Mapping[DigestAlgorithm, bytes] = {
    DigestAlgorithm.SHA256: b"sha256",
    DigestAlgorithm.SHA512: b"sha512",
}
#: The schemes of keys that OpenSSH has.
SSH_SCHEMES = frozenset({Scheme.ECDSA, Scheme.ED25519, Scheme.RSA_PKCS1})


@dataclass(frozen=True, slots=True, kw_only=True)
class SshContent:
    """What is signed: the digest of a content, and what the signature is good for.

    Args:
        namespace: Where the signature counts, such as `git` or `file`.
        digest: The digest of the content.
        digest_algorithm: SHA-256 or SHA-512.
    """

    namespace: str
    digest: bytes
    digest_algorithm: DigestAlgorithm

    @property
    def signed_data(self) -> bytes:
        """What the key signs."""
        hash_name = HASH_NAMES[self.digest_algorithm]
        fields = (self.namespace.encode(), _RESERVED, hash_name, self.digest)
        return _MAGIC + b"".join(map(_string, fields))


def hash_of_key(algorithm: KeypairAlgorithm) -> DigestAlgorithm | None:
    """Return how a key hashes what it signs for OpenSSH; None if it signs it as it is."""
    match algorithm.scheme:
        case Scheme.ECDSA:
            return CURVE_DIGESTS[algorithm.bits]
        case Scheme.RSA_PKCS1:
            return DigestAlgorithm.SHA512
        case _:
            return None


def armored(
    content: SshContent, algorithm: KeypairAlgorithm, public_key_pem: str, value: bytes
) -> str:
    """Return the signature as a file, given the raw signature of `signed_data`."""
    public = load_pem_public_key(public_key_pem.encode("ascii"))
    line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    key_type, key_blob = line.split()[:2]
    name = b"rsa-sha2-512" if algorithm.scheme is Scheme.RSA_PKCS1 else key_type
    fields = (
        base64.b64decode(key_blob),
        content.namespace.encode(),
        _RESERVED,
        HASH_NAMES[content.digest_algorithm],
        _string(name) + _string(_signature_blob(algorithm, value)),
    )
    blob = _MAGIC + _VERSION + b"".join(map(_string, fields))
    lines = textwrap.wrap(base64.b64encode(blob).decode("ascii"), ARMOR_LINE_CHARACTERS)
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----\n"])


def _signature_blob(algorithm: KeypairAlgorithm, value: bytes) -> bytes:
    if algorithm.scheme is not Scheme.ECDSA:
        return value
    return b"".join(_string(_mpint(number)) for number in decode_dss_signature(value))


def _mpint(number: int) -> bytes:
    """Return a number in two's complement (RFC 4251 section 5)."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
