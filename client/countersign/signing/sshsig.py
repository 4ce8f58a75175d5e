"""Signatures as OpenSSH writes them (PROTOCOL.sshsig): `ssh-keygen -Y verify` accepts them."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from textwrap import wrap

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from countersign.errors import UsageError
from countersign.signing.hashing import HashedFile
from countersign.signing.public_keys import VerifyingKey, is_valid_signature, usual_digest

_MAGIC = b"SSHSIG"
_VERSION = 1
_FILE_DIGEST = "sha512"
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"
_LINE_CHARACTERS = 70


class SshSignatureForm:
    """An armored SSH signature over a file, for one namespace.

    Args:
        key: The public key: RSA or an elliptic curve. Ed25519 signs a message here rather than a
            digest.
        namespace: What the signature is for, such as `file` or `git`.

    Raises:
        UsageError: The key is of another kind.
    """

    suffix = ".sig"
    file_digest_name = _FILE_DIGEST

    def __init__(self, key: VerifyingKey, namespace: str) -> None:
        if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise UsageError("--format sshsig needs an ECDSA or RSA keypair.")
        self._key = key
        self._namespace = namespace.encode()
        # OpenSSH fixes the hash function of each curve; for RSA it knows two, and we take one.
        is_rsa = isinstance(key, rsa.RSAPublicKey)
        self.digest_name = _FILE_DIGEST if is_rsa else usual_digest(key)

    def digest_to_sign(self, file: HashedFile) -> bytes:
        """Return the digest of what OpenSSH has signed: namespace, hash function and digest."""
        signed = _MAGIC + b"".join(
            map(_string, (self._namespace, b"", _FILE_DIGEST.encode(), file.digest))
        )
        return hashlib.new(self.digest_name, signed).digest()

    def assemble(self, value: bytes) -> bytes:
        """Return the armored signature."""
        line = self._key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        kind, key_blob = line.split()[:2]
        parts = (self._namespace, b"", _FILE_DIGEST.encode(), self._signature_blob(kind, value))
        blob = b"".join(
            [_MAGIC, _VERSION.to_bytes(4), _string(b64decode(key_blob)), *map(_string, parts)]
        )
        lines = wrap(b64encode(blob).decode(), _LINE_CHARACTERS)
        return "\n".join([_BEGIN, *lines, _END, ""]).encode()

    def is_valid(self, file: HashedFile, content: bytes) -> bool:
        """Verify an armored signature: its key, its namespace and its bytes."""
        try:
            value = self._value_in(content)
        except (ValueError, IndexError):
            return False
        digest = self.digest_to_sign(file)
        return self.assemble(value).split() == content.split() and is_valid_signature(
            self._key, value, digest, self.digest_name
        )

    def _signature_blob(self, kind: bytes, value: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPublicKey):
            return _string(b"rsa-sha2-512") + _string(value)
        r, s = decode_dss_signature(value)
        return _string(kind) + _string(_string(_mpint(r)) + _string(_mpint(s)))

    def _value_in(self, content: bytes) -> bytes:
        """Return the signature's bytes out of an armored signature.

        Raises:
            ValueError, IndexError: It is none.
        """
        lines = content.decode("ascii").split()
        blob = b64decode("".join(lines[3:-3]), validate=True)
        *_, signature = _strings(blob[len(_MAGIC) + 4 :])
        _, value = _strings(signature)
        if isinstance(self._key, rsa.RSAPublicKey):
            return value
        r, s = _strings(value)
        return encode_dss_signature(int.from_bytes(r), int.from_bytes(s))


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4) + content


def _strings(content: bytes) -> list[bytes]:
    """Return the strings that follow each other in a text of OpenSSH's."""
    strings = []
    while content:
        end = 4 + int.from_bytes(content[:4])
        if end > len(content):
            raise ValueError("A string ends after its text.")
        strings.append(content[4:end])
        content = content[end:]
    return strings


def _mpint(number: int) -> bytes:
    """Return a positive number with a leading zero bit."""
    return number.to_bytes(number.bit_length() // 8 + 1)
