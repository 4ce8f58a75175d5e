"""Patterns of tags, by which subscribers choose kinds of events."""

from __future__ import annotations

from collections.abc import Iterable


def tag_matches(pattern: str, tag: str) -> bool:
    """Return whether a pattern covers a tag: the tag itself, or what it begins with and `*`.

    `release:approved` covers that tag alone, `release:*` every tag that begins with `release:`.
    """
    if pattern.endswith("*"):
        return tag.startswith(pattern[:-1])
    return pattern == tag


def any_matches(patterns: Iterable[str], tag: str) -> bool:
    """Return whether one of the patterns covers a tag."""
    return any(tag_matches(pattern, tag) for pattern in patterns)
