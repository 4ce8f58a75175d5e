"""The forms in which a signature can be written: the bytes alone, or what a tool's files have."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Protocol

from cryptography import x509

from countersign.errors import UsageError
from countersign.signing.cms import CmsForm
from countersign.signing.hashing import HashedFile
from countersign.signing.names import FormName
from countersign.signing.openpgp.certificate import OpenPgpCertificate
from countersign.signing.openpgp.cleartext import ClearsignForm
from countersign.signing.openpgp.form import OpenPgpForm
from countersign.signing.public_keys import VerifyingKey, is_valid_signature, usual_digest
from countersign.signing.sshsig import SshSignatureForm
from countersign.signing.trusted_keys import TrustedKey


class SignatureForm(Protocol):
    """What is signed for a file, and what the signature's file holds."""

    #: What is added to the name of the file that is signed.
    suffix: str
    #: What `hashlib` calls the function that files are hashed with.
    file_digest_name: str

    def request(self, file: HashedFile) -> dict[str, Any]:
        """Return what the server is to sign for a file: members of an item of `signBatch`."""
        ...

    def assemble(self, file: HashedFile, value: bytes) -> bytes:
        """Return the content of a signature's file out of what the server answered."""
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

    def request(self, file: HashedFile) -> dict[str, Any]:
        """Return the file's digest."""
        return {
            "digest": b64encode(file.digest).decode(),
            "digestAlgorithm": self.file_digest_name.upper(),
        }

    def assemble(self, file: HashedFile, value: bytes) -> bytes:
        """Return the signature as it is."""
        return value

    def is_valid(self, file: HashedFile, content: bytes) -> bool:
        """Verify the bytes over the file's digest."""
        return is_valid_signature(self._key, content, file.digest, self.file_digest_name)


#: The forms for keypairs of category GPG.
_OPENPGP_FORMS: dict[FormName, type[OpenPgpForm]] = {
    FormName.OPENPGP: OpenPgpForm,
    FormName.CLEARSIGN: ClearsignForm,
}


def form_named(
    name: FormName,
    key: TrustedKey,
    digest_name: str | None = None,
    *,
    namespace: str = "file",
    chain: Sequence[x509.Certificate] = (),
) -> SignatureForm:
    """Return a form for a key.

    Args:
        name: Which form.
        key: The public key, or the OpenPGP certificate.
        digest_name: The hash function; the one that goes with the key if None.
        namespace: What an SSH signature is for.
        chain: The certificates that a signature in CMS carries.

    Raises:
        UsageError: The form does not go with the key.
    """
    if isinstance(key, OpenPgpCertificate):
        if name not in _OPENPGP_FORMS:
            raise UsageError("This is an OpenPGP keypair: use --format openpgp or clearsign.")
        return _OPENPGP_FORMS[name](key, digest_name)
    digest_name = digest_name or usual_digest(key)
    match name:
        case FormName.OPENPGP | FormName.CLEARSIGN:
            raise UsageError(
                f"--format {name} needs a keypair of the category GPG, which `countersign key show`"
                " says, or with --public-key the armored certificate of one. Other keypairs sign"
                " with --format raw, cms or sshsig."
            )
        case FormName.SSHSIG:
            return SshSignatureForm(key, namespace)
        case FormName.CMS:
            return CmsForm(key, digest_name, chain)
        case FormName.RAW:
            return RawForm(key, digest_name)
