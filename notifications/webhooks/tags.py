"""The ledger entries that a webhook subscribes to: tags, or the beginning of tags and `*`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.model.errors import Code, Refusal
from engine.model.events import Event, ReleaseEvent, tag_matches

#: All entries about releases, and no others.
DEFAULT_TAGS = ("release:*",)


def known_tags() -> frozenset[str]:
    """Return every tag that a ledger entry can have."""
    return frozenset(_tags(Event))


def patterns_of(text: str) -> tuple[str, ...]:
    """Return the patterns of their stored text."""
    return tuple(text.split())


def to_text(patterns: Collection[str]) -> str:
    """Return the text that is stored for patterns: each once, sorted."""
    return " ".join(sorted(set(patterns)))


def require_patterns(patterns: Collection[str]) -> None:
    """Refuse no patterns at all, or one that matches no tag.

    Raises:
        Refusal: With `INVALID_INPUT`.
    """
    if not patterns:
        message = "Name at least one kind of ledger entry, like release:approved or release:*."
        raise Refusal(Code.INVALID_INPUT, message, "tags")
    tags = known_tags()
    for pattern in patterns:
        if not any(tag_matches(pattern, tag) for tag in tags):
            message = "There is no such kind of ledger entry. Use tags like release:approved."
            raise Refusal(Code.INVALID_INPUT, message, "tags")


def match_releases_only(patterns: Collection[str]) -> bool:
    """Tell whether the patterns match only entries about releases."""
    others = known_tags() - frozenset(_tags(ReleaseEvent))
    return not any(tag_matches(pattern, tag) for pattern in patterns for tag in others)


def _tags(event_class: type[Event]) -> Iterable[str]:
    if "tag" in vars(event_class):
        yield event_class.tag
    for subclass in event_class.__subclasses__():
        yield from _tags(subclass)
