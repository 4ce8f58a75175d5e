"""What every payload has, and how inputs tell what was left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import strawberry

from api.graphql.entity_cache import EntityCache
from api.graphql.errors import UserError


@strawberry.type(description="The result of a mutation.")
class Payload:
    errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="The reasons why the mutation was refused; the list is empty if it succeeded.",
    )


def given(source: Any, *names: str) -> dict[str, Any]:
    """Those of the input's fields that were given a value; null counts as left out."""
    values = {name: getattr(source, name) for name in names}
    return {n: v for n, v in values.items() if v is not strawberry.UNSET and v is not None}


def one(find: Callable[[EntityCache, Any], dict[UUID, Any]]) -> Callable[[EntityCache, UUID], Any]:
    """Read back one thing by the id that a command answered."""

    def found(shelf: EntityCache, id_: UUID) -> Any:
        return find(shelf, [id_]).get(id_)

    return found
