"""Changes in words that people know: names instead of ids, lists as added and removed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table

from engine.model.events import Changes
from engine.persistence.store import tables as t
from notifications.facts.release_context import names_of, people_by_ids

#: Fields that hold ids of people.
PEOPLE = frozenset({"member_ids", "user_ids", "participant_ids", "user_id"})
#: Fields that hold other ids, and where those have their names.
IDENTIFIED: dict[str, tuple[Table, str]] = {
    "keypair_ids": (t.keypairs, "alias"),
    "team_id": (t.teams, "name"),
    "parent_id": (t.api_tokens, "name"),
}


def describe_changes(connection: Connection, changes: Changes) -> list[dict[str, Any]]:
    """Each changed field with its values before and after; of a list also what came and went."""
    described = []
    for field, (before, after) in sorted(changes.items()):
        if field in PEOPLE or field in IDENTIFIED:
            names = _names(connection, field, _ids(before) | _ids(after))
            before, after = _named(before, names), _named(after, names)
        elif field.endswith(("_id", "_ids")):  # ids say nothing to people
            continue
        described.append(_described(field, _plain(before), _plain(after)))
    return described


def _described(field: str, before: Any, after: Any) -> dict[str, Any]:
    change = {"field": field, "before": before, "after": after}
    if isinstance(before, list) and isinstance(after, list):
        change["added"] = [item for item in after if item not in before]
        change["removed"] = [item for item in before if item not in after]
    return change


def _ids(value: UUID | Collection[UUID] | None) -> set[UUID]:
    if value is None:
        return set()
    return {value} if isinstance(value, UUID) else set(value)


def _names(connection: Connection, field: str, ids: set[UUID]) -> dict[UUID, str]:
    if field in PEOPLE:
        return people_by_ids(connection, ids)
    return names_of(connection, IDENTIFIED[field][0], ids, IDENTIFIED[field][1])


def _named(value: UUID | Collection[UUID] | None, names: dict[UUID, str]) -> Any:
    if value is None:
        return None
    if isinstance(value, UUID):
        return names.get(value, "?")
    return [names.get(id_, "?") for id_ in value]


def _plain(value: Any) -> Any:
    """Sets and tuples as lists of words; the rest as it is."""
    if isinstance(value, (set, frozenset, list, tuple)):
        return sorted(map(str, value))
    return value
