"""Refusals as GraphQL sees them: data of a payload, or top-level errors."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLError

from api.graphql.ids import local_id
from api.graphql.strawberry_compat import to_camel_case
from api.graphql.types.error_code import ErrorCode
from api.graphql.types.origin import ClaimConditionInput
from engine.model.errors import Code, Item, Refusal, StorageFailed


@strawberry.type(
    description="Tells why an operation was refused and what the caller can do about it."
)
class UserError:
    code: ErrorCode = strawberry.field(
        description="The stable code of the refusal, on which a program can decide."
    )
    message: str = strawberry.field(description="One sentence that explains the refusal to people.")
    field: list[str] | None = strawberry.field(
        default=None,
        description="The path of the input field at fault, if there is one; within a list it ends"
        " with the index of the item, which counts from 0.",
    )

    @classmethod
    def of_all(cls, refusal: Refusal, input: object) -> list[UserError]:
        """Return the faults of an input as data, each with the path to it in that input."""
        indexes = _Indexes(input)
        return [cls.of(fault, indexes) for fault in refusal.listed]

    @classmethod
    def of(cls, refusal: Refusal, indexes: _Indexes | None = None) -> UserError:
        """Return a refusal as data, with its fields named as in the schema.

        Raises:
            GraphQLError: The database cannot store, so that the whole mutation has failed.
        """
        if isinstance(refusal, StorageFailed):
            raise to_graphql_error(refusal)
        return cls.of_batch_item(refusal, indexes)

    @classmethod
    def of_batch_item(cls, refusal: Refusal, indexes: _Indexes | None = None) -> UserError:
        """Return the refusal of one item of a batch as data, whatever it is: others succeeded."""
        index = indexes.of(refusal) if indexes is not None else []
        path = [*map(to_camel_case, refusal.field), *index]
        return cls(code=refusal.code, message=refusal.sentence(to_camel_case), field=path or None)


class _Indexes:
    """Where items stand in the lists of an input; each list is read once for all of its faults."""

    def __init__(self, input: object) -> None:
        self._input = input
        self._by_field: dict[str, dict[Item, int]] = {}

    def of(self, refusal: Refusal) -> list[str]:
        """Return the index of the item at fault in the input's list; nothing if it is not there."""
        if refusal.item is None or len(refusal.field) != 1:
            return []
        (field,) = refusal.field
        if field not in self._by_field:
            self._by_field[field] = self._read(field)
        index = self._by_field[field].get(refusal.item)
        return [str(index)] if index is not None else []

    def _read(self, field: str) -> dict[Item, int]:
        indexes: dict[Item, int] = {}
        for index, item in enumerate(getattr(self._input, field, None) or ()):
            for name in _names_of(item):
                indexes.setdefault(name, index)
        return indexes


def _names_of(item: str | ClaimConditionInput) -> tuple[Item, ...]:
    """Return what refusals may call an item of an input: a name, an id, or the claim it is of."""
    if isinstance(item, ClaimConditionInput):
        return (item.claim,)
    return (item, local_id(item))


def to_graphql_error(refusal: Refusal) -> GraphQLError:
    """Return a refusal as a top-level error, for where no payload can carry it."""
    extensions: dict[str, Any] = {"code": refusal.code.value}
    if refusal.field:
        extensions["field"] = [to_camel_case(name) for name in refusal.field]
    return GraphQLError(
        refusal.sentence(to_camel_case), extensions=extensions, original_error=refusal
    )


def unauthenticated() -> Refusal:
    """Return the refusal of a request without credentials, or with bad ones."""
    return Refusal(
        Code.UNAUTHENTICATED,
        "Send a valid API token as `Authorization: Bearer ...`, or sign in.",
    )
