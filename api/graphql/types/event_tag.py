"""The tags of events as a GraphQL enum, made from the classes of events."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from api.graphql.types.enum_descriptions import describe_enum
from engine.model.events import Event
from notifications.outbox import preferences, trouble  # noqa: F401 - define events
from notifications.webhooks import events  # noqa: F401 - defines events
from notifications.webhooks.tags import known_tags


def _event_classes(base: type[Event] = Event) -> Iterator[type[Event]]:
    for event_class in base.__subclasses__():
        if hasattr(event_class, "tag"):
            yield event_class
        yield from _event_classes(event_class)


def enum_name(tag: str) -> str:
    """Return the name of a tag in the enum: `RELEASE_APPROVED` of `release:approved`."""
    return tag.replace(":", "_").upper()


_DESCRIPTIONS = {
    enum_name(event_class.tag): (event_class.__doc__ or "").partition("\n")[0]
    for event_class in _event_classes()
}
if TYPE_CHECKING:

    class EventTag(StrEnum):
        """The tag of an event, whose members are made from the classes of events."""

else:
    EventTag = StrEnum("EventTag", {enum_name(tag): tag for tag in sorted(known_tags())})

describe_enum(
    EventTag, "EventTag", "The kind of an event that the ledger has an entry of.", _DESCRIPTIONS
)

_BY_TAG = {member.value: member for member in EventTag}


def event_of(tag: str) -> EventTag | None:
    """Return the enum's member of a stored tag; None for one that a newer version has written."""
    return _BY_TAG.get(tag)
