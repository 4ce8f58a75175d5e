"""Refusals as GraphQL sees them: data of a payload, or top-level errors."""

from __future__ import annotations

from typing import Any

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
        return [cls.of(fault, input) for fault in refusal.all]

    @classmethod
    def of(cls, refusal: Refusal, input: object = None) -> UserError:
        """Return a refusal as data, with its fields named as in the schema.

        Raises:
            GraphQLError: The database cannot store, so that the whole mutation has failed.
        """
        if isinstance(refusal, StorageFailed):
            raise to_graphql_error(refusal)
        return cls.of_batch_item(refusal, input)

    @classmethod
    def of_batch_item(cls, refusal: Refusal, input: object = None) -> UserError:
        """Return the refusal of one item of a batch as data, whatever it is: others succeeded."""
        path = [*map(to_camel_case, refusal.field), *_index_of(refusal, input)]
        return cls(code=refusal.code, message=refusal.sentence(to_camel_case), field=path or None)


def _index_of(refusal: Refusal, input: object) -> list[str]:
    """Return the index of the id at fault in the input's list; nothing if it is not there."""
    if refusal.item is None or len(refusal.field) != 1:
        return []
    ids = getattr(input, refusal.field[0], None) or ()
    return [str(index) for index, id_ in enumerate(ids) if local_id(id_) == refusal.item][:1]


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
