"""Which ledger entries a webhook is told: tags, or what they begin with and `*`."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.model.errors import Code, Refusal
from engine.model.events import Event, ReleaseEvent, tag_matches

#: Of an account's releases everything, and nothing else.
USUAL = ("release:*",)


def known_tags() -> frozenset[str]:
    """Every tag that a ledger entry can have."""
    return frozenset(_tags(Event))


def patterns_of(text: str) -> tuple[str, ...]:
    """As they are stored."""
    return tuple(text.split())


def stored(patterns: Collection[str]) -> str:
    """To be stored: each once, sorted."""
    return " ".join(sorted(set(patterns)))


def require_patterns(patterns: Collection[str]) -> None:
    """At least one, and each means something; else INVALID_INPUT."""
    if not patterns:
        message = "Name at least one kind of ledger entry, like release:approved or release:*."
        raise Refusal(Code.INVALID_INPUT, message, "tags")
    tags = known_tags()
    for pattern in patterns:
        if not any(tag_matches(pattern, tag) for tag in tags):
            message = "There is no such kind of ledger entry. Use tags like release:approved."
            raise Refusal(Code.INVALID_INPUT, message, "tags")


def only_of_releases(patterns: Collection[str]) -> bool:
    """They mean nothing but what happens to releases."""
    others = known_tags() - frozenset(_tags(ReleaseEvent))
    return not any(tag_matches(pattern, tag) for pattern in patterns for tag in others)


def _tags(kind: type[Event]) -> Iterable[str]:
    if "tag" in vars(kind):
        yield kind.tag
    for more in kind.__subclasses__():
        yield from _tags(more)
