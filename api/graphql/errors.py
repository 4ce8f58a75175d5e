"""Refusals as GraphQL sees them: data of a payload, or top-level errors."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLError

from api.graphql.ids import local_id
from api.graphql.strawberry_compat import to_camel_case
from api.graphql.types.error_code import ErrorCode
from engine.model.errors import Code, Refusal, StorageFailed


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
        """Return all faults of an input as data, each with the path to it in that input."""
        indexes = _Indexes(input)
        return [cls.of(fault, indexes) for fault in refusal.all]

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
    """Where ids stand in the lists of an input; each list is read once for all of its faults."""

    def __init__(self, input: object) -> None:
        self._input = input
        self._by_field: dict[str, dict[UUID, int]] = {}

    def of(self, refusal: Refusal) -> list[str]:
        """Return the index of the id at fault in the input's list; nothing if it is not there."""
        if refusal.item is None or len(refusal.field) != 1:
            return []
        (field,) = refusal.field
        if field not in self._by_field:
            self._by_field[field] = self._read(field)
        index = self._by_field[field].get(refusal.item)
        return [str(index)] if index is not None else []

    def _read(self, field: str) -> dict[UUID, int]:
        indexes: dict[UUID, int] = {}
        for index, id_ in enumerate(getattr(self._input, field, None) or ()):
            indexes.setdefault(local_id(id_), index)
        return indexes


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
