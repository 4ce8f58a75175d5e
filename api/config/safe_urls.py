"""Decides which URLs a secret may be sent to."""

from __future__ import annotations

from urllib.parse import urlsplit

_AT_HOME = frozenset({"127.0.0.1", "::1", "localhost"})


def is_safe(url: str) -> bool:
    """Return whether a URL is safe for secrets: https, or an address of this machine."""
    try:
        parts = urlsplit(url)
        at_home = parts.scheme == "http" and parts.hostname in _AT_HOME
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or at_home)
