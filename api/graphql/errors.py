"""Refusals as data, and the few errors that are none."""

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
        """The refusal, with its fields named as in the schema.

        Raises GraphQLError for a database that cannot store: that is no answer to a caller.
        """
        if isinstance(refusal, StorageFailed):
            raise top_level(refusal)
        return cls.among_others(refusal)

    @classmethod
    def among_others(cls, refusal: Refusal) -> UserError:
        """The same, beside results that there are."""
        names = [to_camel_case(name) for name in refusal.field]
        return cls(code=refusal.code, message=refusal.sentence(to_camel_case), field=names or None)


def top_level(refusal: Refusal) -> GraphQLError:
    """For queries, which have no payload to carry a refusal."""
    extensions: dict[str, Any] = {"code": refusal.code.value}
    if refusal.field:
        extensions["field"] = [to_camel_case(name) for name in refusal.field]
    return GraphQLError(
        refusal.sentence(to_camel_case), extensions=extensions, original_error=refusal
    )


def unauthenticated() -> Refusal:
    """No or bad credentials."""
    return Refusal(
        Code.UNAUTHENTICATED,
        "Send a valid API token as `Authorization: Bearer ...`, or sign in.",
    )
