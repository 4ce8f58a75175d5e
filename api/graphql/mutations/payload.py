"""What every payload has, and how inputs tell what was left out."""

from __future__ import annotations

from typing import Any, Self

import strawberry

from api.graphql.errors import UserError
from api.graphql.selection import Selection


@strawberry.type(description="The result of a mutation.")
class Payload:
    errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="The reasons why the mutation was refused; the list is empty if it succeeded.",
    )

    @classmethod
    def without_reading(cls, result: Any, selection: Selection) -> Self | None:
        """Return the payload if the result alone has all that is selected."""
        return None


def present_fields(source: Any, *names: str) -> dict[str, Any]:
    """Return those of the input's fields that have a value; null counts as left out."""
    values = {name: getattr(source, name) for name in names}
    return {n: v for n, v in values.items() if v is not strawberry.UNSET and v is not None}
