"""The base of all events, and the record of one: the event, who caused it, and when."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from engine.model.facts import Actor
from engine.model.vocabulary import Status

Changes = dict[str, tuple[Any, Any]]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to one subject of an account."""

    tag: ClassVar[str]
    #: What kind of thing the subject is: its GraphQL type.
    kind: ClassVar[str]
    subject_id: UUID
    #: The release concerned, for its history.
    release_id: UUID | None = None
    from_status: Status | None = None
    to_status: Status | None = None
    reason: str | None = None

    def details(self) -> dict[str, Any]:
        """Return the fields that the event's own class adds, for the ledger."""
        return {name: getattr(self, name) for name in _own_fields(type(self))}  # type: ignore[arg-type]


@cache
def _own_fields(kind: type[Event]) -> tuple[str, ...]:
    common = {f.name for f in fields(Event)}
    return tuple(f.name for f in fields(kind) if f.name not in common)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with who, through which channel, and when."""

    event: Event
    actor: Actor
    #: The nominal instant: for what time made due, the edge of the window.
    effective_at: datetime
