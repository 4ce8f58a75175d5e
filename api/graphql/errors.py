"""Refusals as GraphQL sees them: data of a payload, or top-level errors."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLError

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
        default=None, description="The path of the input field at fault, if there is one."
    )

    @classmethod
    def of(cls, refusal: Refusal) -> UserError:
        """Return a refusal as data, with its fields named as in the schema.

        Raises:
            GraphQLError: The database cannot store, so that the whole mutation has failed.
        """
        if isinstance(refusal, StorageFailed):
            raise to_graphql_error(refusal)
        return cls.of_batch_item(refusal)

    @classmethod
    def of_batch_item(cls, refusal: Refusal) -> UserError:
        """Return the refusal of one item of a batch as data, whatever it is: others succeeded."""
        names = [to_camel_case(name) for name in refusal.field]
        return cls(code=refusal.code, message=refusal.sentence(to_camel_case), field=names or None)


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
