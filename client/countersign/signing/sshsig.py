"""Signatures as OpenSSH writes them (PROTOCOL.sshsig): `ssh-keygen -Y verify` accepts them."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.errors import UsageError
from countersign.signing.hashing import HashedFile
from countersign.signing.public_keys import VerifyingKey, is_valid_signature, usual_digest

_MAGIC = b"SSHSIG"
_FILE_DIGEST = "sha512"
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"
_RSA_DIGESTS = {b"rsa-sha2-256": "sha256", b"rsa-sha2-512": "sha512"}


class SshSignatureForm:
    """An armored SSH signature over a file, for one namespace; the server puts it together.

    Args:
        key: The public key.
        namespace: What the signature is for, such as `file` or `git`.

    Raises:
        UsageError: OpenSSH has no keys of this kind.
    """

    suffix = ".sig"
    file_digest_name = _FILE_DIGEST

    def __init__(self, key: VerifyingKey, namespace: str) -> None:
        self._key = key
        self._namespace = namespace
        try:
            line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        except ValueError as error:
            message = "--format sshsig needs a keypair with ECDSA, Ed25519 or RSA."
            raise UsageError(message) from error
        self._key_blob = b64decode(line.split()[1])

    def request(self, file: HashedFile) -> dict[str, Any]:
        """Return namespace and digest."""
        return {
            "sshsig": {
                "namespace": self._namespace,
                "digest": b64encode(file.digest).decode(),
                "digestAlgorithm": _FILE_DIGEST.upper(),
            }
        }

    def assemble(self, file: HashedFile, value: bytes) -> bytes:
        """Return the armored signature as the server made it."""
        return value

    def is_valid(self, file: HashedFile, content: bytes) -> bool:
        """Verify an armored signature: its key, its namespace, the digest and the signature."""
        try:
            key_blob, *signed_fields, signature = _strings(_blob_in(content))
            kind, value = _strings(signature)
            value = self._plain_value(value)
        except ValueError:
            return False
        expected = [self._namespace.encode(), b"", _FILE_DIGEST.encode()]
        if key_blob != self._key_blob or signed_fields != expected:
            return False
        signed = _MAGIC + b"".join(map(_string, [*expected, file.digest]))
        if isinstance(self._key, ed25519.Ed25519PublicKey):
            return is_valid_signature(self._key, value, signed, _FILE_DIGEST)
        digest_name = _RSA_DIGESTS.get(kind) or usual_digest(self._key)
        digest = hashlib.new(digest_name, signed).digest()
        return is_valid_signature(self._key, value, digest, digest_name)

    def _plain_value(self, value: bytes) -> bytes:
        """Return the signature as other programs have it: that of a curve in DER."""
        if not isinstance(self._key, ec.EllipticCurvePublicKey):
            return value
        r, s = _strings(value)
        return encode_dss_signature(int.from_bytes(r), int.from_bytes(s))


def _blob_in(content: bytes) -> bytes:
    """Return what follows magic and version in an armored signature.

    Raises:
        ValueError: It is none.
    """
    text = content.decode("ascii").strip()
    if not text.startswith(_BEGIN) or not text.endswith(_END):
        raise ValueError("This is no SSH signature.")
    body = text.removeprefix(_BEGIN).removesuffix(_END)
    blob = b64decode("".join(body.split()), validate=True)
    head = _MAGIC + (1).to_bytes(4)
    if not blob.startswith(head):
        raise ValueError("This is an SSH signature of another version.")
    return blob.removeprefix(head)


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4) + content


def _strings(content: bytes) -> list[bytes]:
    """Return the strings that follow each other in a text of OpenSSH's.

    Raises:
        ValueError: One ends after its text.
    """
    strings = []
    while content:
        end = 4 + int.from_bytes(content[:4])
        if end > len(content):
            raise ValueError("A string ends after its text.")
        strings.append(content[4:end])
        content = content[end:]
    return strings
