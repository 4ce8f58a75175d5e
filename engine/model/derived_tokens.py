"""Secrets that are derived from a key instead of stored: tokens of links, and webhook secrets.

A secret is HMAC-SHA256(key, purpose + id and nonce of its row). The row holds the nonce and at most
a hash of the secret, so neither the database alone nor the key alone is enough to make one.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from base64 import urlsafe_b64encode
from uuid import UUID

NONCE_BYTES = 16
_SPELLING = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})", re.ASCII)


def new_nonce() -> bytes:
    """Return the random part of a new row's secret, which the row holds."""
    return os.urandom(NONCE_BYTES)


def derive_digest(key: bytes, purpose: bytes, row_id: UUID, nonce: bytes) -> bytes:
    """Return 32 bytes that only this key makes, for this purpose and row."""
    return hmac.digest(key, purpose + row_id.bytes + nonce, "sha256")


def derive_token(key: bytes, purpose: bytes, row_id: UUID, nonce: bytes) -> str:
    """Return the secret half of a link, 43 characters that a URL can hold."""
    digest = derive_digest(key, purpose, row_id, nonce)
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def is_derived_token(token: str, key: bytes, purpose: bytes, row_id: UUID, nonce: bytes) -> bool:
    """Tell in constant time whether a token is the one that this key makes for the row."""
    return hmac.compare_digest(derive_token(key, purpose, row_id, nonce), token)


def hash_token(token: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("ascii")).digest()


def has_hash(token: str, stored: bytes) -> bool:
    """Tell in constant time whether a token is the one whose hash was stored."""
    return hmac.compare_digest(hash_token(token), stored)


def spell(row_id: UUID, token: str) -> str:
    """Return the last part of a link's path."""
    return f"{row_id.hex}.{token}"


def link_url(public_url: str, path: str, row_id: UUID, token: str) -> str:
    """Return the whole address of a link, whose page is at `path` below the public URL."""
    return f"{public_url.rstrip('/')}{path}/{spell(row_id, token)}"


def split_spelling(spelling: str) -> tuple[UUID, str] | None:
    """Return the row's id and the token of a link's path; None where it is no such path."""
    parts = _SPELLING.fullmatch(spelling)
    return None if parts is None else (UUID(parts[1]), parts[2])
