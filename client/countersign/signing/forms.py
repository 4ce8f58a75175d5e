"""The forms in which a signature can be written: the bytes alone, or what a tool's files have."""

from __future__ import annotations

import hashlib
from typing import Protocol

from countersign.errors import UsageError
from countersign.signing.hashing import HashedFile
from countersign.signing.names import FormName
from countersign.signing.public_keys import VerifyingKey, is_valid_signature, usual_digest
from countersign.signing.sshsig import SshSignatureForm


class SignatureForm(Protocol):
    """What is signed for a file, and what the signature's file holds."""

    #: What is added to the name of the file that is signed.
    suffix: str
    #: What `hashlib` calls the function that files are hashed with.
    file_digest_name: str
    #: The same of the function that makes the digest which is signed.
    digest_name: str

    def digest_to_sign(self, file: HashedFile) -> bytes:
        """Return the digest that the server signs for a file."""
        ...

    def assemble(self, value: bytes) -> bytes:
        """Return the content of a signature's file."""
        ...

    def is_valid(self, file: HashedFile, content: bytes) -> bool:
        """Tell whether the content of a signature's file is a signature of the key over a file."""
        ...


class RawForm:
    """The signature's bytes alone, over the digest of the file: what `openssl dgst` verifies."""

    suffix = ".sig"

    def __init__(self, key: VerifyingKey, digest_name: str) -> None:
        self._key = key
        self.file_digest_name = digest_name
        self.digest_name = digest_name

    def digest_to_sign(self, file: HashedFile) -> bytes:
        """Return the file's digest."""
        return file.digest

    def assemble(self, value: bytes) -> bytes:
        """Return the signature as it is."""
        return value

    def is_valid(self, file: HashedFile, content: bytes) -> bool:
        """Verify the bytes over the file's digest."""
        return is_valid_signature(self._key, content, file.digest, self.digest_name)


def form_named(
    name: FormName, key: VerifyingKey, digest_name: str | None = None, namespace: str = "file"
) -> SignatureForm:
    """Return a form for a key.

    Args:
        name: Which form.
        key: The public key.
        digest_name: The hash function; the one that goes with the key if None.
        namespace: What an SSH signature is for.

    Raises:
        UsageError: The form does not go with the key.
    """
    if name is FormName.SSHSIG:
        return SshSignatureForm(key, namespace)
    digest_name = digest_name or usual_digest(key)
    if digest_name not in hashlib.algorithms_available:
        raise UsageError(f"There is no hash function {digest_name}.")
    return RawForm(key, digest_name)
