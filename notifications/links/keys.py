"""One secret, many purposes: each gets a key of its own."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: The purpose of the key that action links are made with.
ACTION_LINKS = "action-links"


def derive(secret: str, purpose: str) -> bytes:
    """32 bytes for this purpose; keys of different purposes tell nothing about each other."""
    info = f"countersign:{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())
