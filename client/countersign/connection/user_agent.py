"""How this program names itself to servers."""

from __future__ import annotations

from functools import cache


@cache
def user_agent() -> str:
    """Return the value of the header User-Agent (RFC 9110): distribution and version."""
    from importlib.metadata import version

    return f"countersign-client/{version('countersign-client')}"
