"""The values of filters as the engine takes them: ids of one type, and lists of bounded length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from api.graphql.ids import from_any_global, from_global, from_globals
from engine.model.errors import Code, Refusal

ValueT = TypeVar("ValueT")

#: The most values that a list in a filter may have.
MAX_FILTER_VALUES = 100


def id_value(id_: str | None, kind: str, field: str) -> UUID | None:
    """Return the UUID of an id in a filter, or None if it is left out; refuses NOT_FOUND."""
    return from_global(id_, kind, "filter", field) if id_ is not None else None


def any_id_value(id_: str | None, field: str) -> UUID | None:
    """Return the UUID of an id of any type, or None if it is left out; refuses NOT_FOUND."""
    return from_any_global(id_, "filter", field) if id_ is not None else None


def id_values(ids: Sequence[str] | None, kind: str, field: str) -> frozenset[UUID] | None:
    """Return the UUIDs of ids in a filter, or None if they are left out.

    Refuses NOT_FOUND for ids of other types, and INVALID_INPUT for too many.
    """
    values = list_value(ids, field)
    return from_globals(values, kind, "filter", field) if values is not None else None


def list_value(values: Sequence[ValueT] | None, field: str) -> tuple[ValueT, ...] | None:
    """Return a list in a filter, or None if it is left out; refuses INVALID_INPUT if too long."""
    if values is None:
        return None
    if len(values) > MAX_FILTER_VALUES:
        message = f"This filter has {len(values)} values. Use at most {MAX_FILTER_VALUES}."
        raise Refusal(Code.INVALID_INPUT, message, "filter", field)
    return tuple(values)
