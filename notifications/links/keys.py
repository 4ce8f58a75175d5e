"""Keys derived from the service's secret: one for each purpose."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: The purpose of the key that the tokens of action links are derived from.
ACTION_LINKS = "action-links"


def derive(secret: str, purpose: str) -> bytes:
    """Return the 32-byte key for a purpose; no key says anything about those of other purposes."""
    info = f"countersign:{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())
