"""Requests that are refused before there is an operation to run."""

from __future__ import annotations

from cross_web import HTTPException
from graphql import GraphQLError, GraphQLFormattedError
from strawberry.types.graphql import OperationType

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
        return GraphQLError(self.reason, extensions=self.extensions).formatted


def wrong_method() -> RefusedError:
    """Return the refusal of a method, with the methods that are allowed."""
    refused = RefusedError(405, WRONG_METHOD, "Use GET or POST.")
    refused.headers["Allow"] = "GET, POST"
    return refused


def wrong_kind(kind: OperationType) -> GraphQLError:
    """Return the refusal of an operation of a kind that this transport does not carry."""
    if kind is OperationType.SUBSCRIPTION:
        message = "Follow this over a WebSocket, or with `Accept: text/event-stream`."
        return GraphQLError(message, extensions={"code": WRONG_TRANSPORT})
    message = "GET changes nothing. Send this as a POST."
    return GraphQLError(message, extensions={"code": WRONG_METHOD})
