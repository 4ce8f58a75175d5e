"""Files with private keys that were made elsewhere."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)


def pem_of(key: object, passphrase: bytes | None = None) -> bytes:
    """PKCS#8 in PEM, encrypted if there is a passphrase."""
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)  # type: ignore[attr-defined, no-any-return]


def pkcs12_of(key: object, passphrase: bytes | None = None) -> bytes:
    """PKCS#12 without a certificate."""
    encryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    return pkcs12.serialize_key_and_certificates(b"key", key, None, None, encryption)  # type: ignore[arg-type]


#: The same in every run, for tests that compare.
ED25519_PEM = pem_of(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
