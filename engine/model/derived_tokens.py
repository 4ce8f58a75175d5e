"""Tokens of links in mails: derived from a key, stored nowhere.

A token is HMAC-SHA256(key, purpose, id and nonce of its row). The row holds the nonce and at most
the token's hash, so neither the database alone nor the key alone makes a link that works.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from uuid import UUID

NONCE_BYTES = 16
_SPELLING = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})", re.ASCII)


def derive_digest(key: bytes, purpose: bytes, row_id: UUID, nonce: bytes) -> bytes:
    """Return 32 bytes that only this key makes, for this purpose and row."""
    return hmac.digest(key, purpose + row_id.bytes + nonce, "sha256")


def derive_token(key: bytes, purpose: bytes, row_id: UUID, nonce: bytes) -> str:
    """Return the secret half of a link, 43 characters that a URL can hold."""
    digest = derive_digest(key, purpose, row_id, nonce)
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def hash_token(token: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("ascii")).digest()


def spell(row_id: UUID, token: str) -> str:
    """Return the last part of a link's path."""
    return f"{row_id.hex}.{token}"


def split_spelling(spelling: str) -> tuple[UUID, str] | None:
    """Return the row's id and the token of a link's path; None where it is no such path."""
    parts = _SPELLING.fullmatch(spelling)
    return None if parts is None else (UUID(parts[1]), parts[2])
