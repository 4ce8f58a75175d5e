"""Describes changes of fields with names instead of ids, and lists as added and removed items."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table

from engine.model.events import Changes
from engine.persistence.store import tables as t
from notifications.facts.release_context import names_of, people_by_ids

#: The fields that hold ids of people.
PEOPLE_FIELDS = frozenset({"member_ids", "user_ids", "participant_ids", "user_id"})
#: The fields that hold other ids, with the table and column of their names.
NAME_COLUMNS: dict[str, tuple[Table, str]] = {
    "keypair_ids": (t.keypairs, "alias"),
    "team_id": (t.teams, "name"),
    "parent_id": (t.api_tokens, "name"),
}


def describe_changes(connection: Connection, changes: Changes) -> list[dict[str, Any]]:
    """Return each changed field with its values before and after, and the items added or removed.

    A field with ids of things that have no name is left out.
    """
    described = []
    for field, (before, after) in sorted(changes.items()):
        if field in PEOPLE_FIELDS or field in NAME_COLUMNS:
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
    if field in PEOPLE_FIELDS:
        return people_by_ids(connection, ids)
    return names_of(connection, NAME_COLUMNS[field][0], ids, NAME_COLUMNS[field][1])


def _named(value: UUID | Collection[UUID] | None, names: dict[UUID, str]) -> Any:
    if value is None:
        return None
    if isinstance(value, UUID):
        return names.get(value, "?")
    return [names.get(id_, "?") for id_ in value]


def _plain(value: Any) -> Any:
    """Return sets and tuples as sorted lists of texts, and anything else as it is."""
    if isinstance(value, (set, frozenset, list, tuple)):
        return sorted(map(str, value))
    return value
