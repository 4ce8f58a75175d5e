"""What signatures are verified with: a public key, or an OpenPGP certificate."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from countersign.errors import UsageError
from countersign.signing.openpgp.certificate import OpenPgpCertificate, read_certificate
from countersign.signing.public_keys import VerifyingKey, load_public_key

TrustedKey: TypeAlias = VerifyingKey | OpenPgpCertificate

_OPENPGP_ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"


def load_trusted_key(content: bytes) -> TrustedKey:
    """Return an OpenPGP certificate in ASCII armor, or what `load_public_key` returns.

    Raises:
        UsageError: It is neither.
    """
    if content.lstrip().startswith(_OPENPGP_ARMOR):
        return read_certificate(content)
    return load_public_key(content)


def read_trusted_key(path: Path) -> TrustedKey:
    """Return the key in a file, as `load_trusted_key` does."""
    try:
        return load_trusted_key(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}") from error
