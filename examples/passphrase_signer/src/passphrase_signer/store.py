"""The files: one for each key, PKCS#8 in PEM, encrypted, and written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from engine.signers.base import SignerFailed

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
SUFFIX = ".pem"


class KeyStore:
    """Keys by the names of their files. Thread-safe: a file is written once."""

    def __init__(self, folder: Path, passphrase: bytes) -> None:
        self._folder = folder
        self._passphrase = passphrase

    def save(self, name: str, private: PrivateKey) -> None:
        """Write a new key; refuses a name that is taken."""
        encryption = BestAvailableEncryption(self._passphrase)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        partial = self._folder / f".{name}.partial"
        try:
            partial.unlink(missing_ok=True)  # of a process that was killed meanwhile
            descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(pem)
                stream.flush()
                os.fsync(stream.fileno())
            os.link(partial, self._path(name))
            partial.unlink()
        except FileExistsError:
            raise SignerFailed("There is a key of this name already.") from None
        except OSError as error:
            raise SignerFailed(f"The key cannot be written: {error.strerror}.") from error

    def load(self, name: str) -> PrivateKey:
        """Open a key."""
        try:
            content = self._path(name).read_bytes()
        except OSError as error:
            message = f"The file of the key cannot be read: {error.strerror}. Check the folder."
            raise SignerFailed(message) from error
        try:
            private = load_pem_private_key(content, self._passphrase)
        except (TypeError, ValueError):
            # Without its cause: a parser's message may quote what it was given.
            raise SignerFailed("The key does not open. Check the passphrase.") from None
        if not isinstance(private, PrivateKey):
            raise SignerFailed("The file has no key of a kind that this signer uses.")
        return private

    def exists(self, name: str) -> bool:
        """Whether there is a key of this name, which a person may have written."""
        return Path(name).name == name and self._path(name).is_file()

    def delete(self, name: str) -> None:
        """Delete a key; one that is not there is no error."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise SignerFailed(f"The key cannot be deleted: {error.strerror}.") from error

    def names(self) -> Iterator[str]:
        """The names of all keys."""
        return (path.stem for path in self._folder.glob(f"*{SUFFIX}"))

    def check(self) -> None:
        """Raise `SignerFailed` unless keys could be read now."""
        if not os.access(self._folder, os.R_OK | os.X_OK):
            raise SignerFailed("The folder of keys cannot be read. Check its owner and mode.")

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"
