"""Requests that are refused before there is an operation to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cross_web import HTTPException

if TYPE_CHECKING:
    from graphql import GraphQLFormattedError

WRONG_METHOD = "METHOD_NOT_ALLOWED"
WRONG_TRANSPORT = "NOT_ACCEPTABLE"
#: What clients with automatic persisted queries look for: they send the text then.
PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"


class RefusedError(HTTPException):
    """A refused request: a sentence with an HTTP status and a code."""

    def __init__(self, status: int, code: str, message: str, **more: object) -> None:
        super().__init__(status, message)
        self.extensions: dict[str, object] = {"code": code, **more}
        self.headers: dict[str, str] = {}

    @property
    def formatted(self) -> GraphQLFormattedError:
        """Return the refusal as a GraphQL error."""
        return {"message": self.reason, "extensions": self.extensions}


def wrong_method() -> RefusedError:
    """Return the refusal of a method, with the methods that are allowed."""
    refused = RefusedError(405, WRONG_METHOD, "Use GET or POST.")
    refused.headers["Allow"] = "GET, POST"
    return refused
