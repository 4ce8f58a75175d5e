"""Compose several edits of a release into one, and undo edits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.model.events import Changes
from engine.model.facts import ReleaseFields


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit: the revision that it made, and each changed field before and after it."""

    revision: int
    changes: Changes


def edits_after(edits: Iterable[Edit], revision: int) -> tuple[Edit, ...]:
    """Return the edits that were made after a revision."""
    return tuple(edit for edit in edits if edit.revision > revision)


def composed(edits: Sequence[Edit]) -> Changes:
    """Return what differs between before the first edit and after the last.

    Args:
        edits: Consecutive ones, the oldest first.

    Returns:
        For each field the value before its first edit and the one after its last; a field that
        has come back to what it was is left out.
    """
    result: dict[str, tuple[Any, Any]] = {}
    for edit in edits:
        for field, (before, after) in edit.changes.items():
            result[field] = (result[field][0] if field in result else before, after)
    return {field: values for field, values in result.items() if values[0] != values[1]}


def fields_before(fields: ReleaseFields, edits: Sequence[Edit]) -> ReleaseFields:
    """Return the fields as they were before these edits, which led to `fields`."""
    if not edits:
        return fields
    return replace(fields, **{field: before for field, (before, _) in composed(edits).items()})


def fields_at(fields: ReleaseFields, edits: Iterable[Edit], revision: int) -> ReleaseFields:
    """Return the fields as they were at a revision.

    Args:
        fields: As they are now.
        edits: All that were made since that revision, the oldest first; older ones do not matter.
        revision: The revision.
    """
    return fields_before(fields, edits_after(edits, revision))
