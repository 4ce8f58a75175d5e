"""Reads the operation that a request contains."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError
from strawberry.http import GraphQLRequestData, GraphQLRequestProtocol

from api.graphql.limits.errors import LIMIT_EXCEEDED
from api.graphql.strawberry_compat import OperationType
from api.web.http.refusals import (
    PERSISTED_QUERY_NOT_FOUND,
    WRONG_METHOD,
    WRONG_TRANSPORT,
    RefusedError,
)

#: The message that such clients look for, where they do not look at the code.
_NOT_PERSISTED = "PersistedQueryNotFound"

#: Parameters, with the type each has if it is there and not null.
_PARAMETERS: dict[str, tuple[type, str]] = {
    "query": (str, "a string"),
    "operationName": (str, "a string"),
    "variables": (dict, "an object"),
    "extensions": (dict, "an object"),
}


def read_operation(request: Any, protocol: GraphQLRequestProtocol) -> GraphQLRequestData:
    """Return the operation; refuses a parameter that is missing or has another type."""
    if isinstance(request, list):
        message = f"One operation for each request, without a list around it; {len(request)} came."
        raise RefusedError(
            400, LIMIT_EXCEEDED, message, limit="batch", allowed=1, actual=len(request)
        )
    if not isinstance(request, dict):
        raise _bad("A request is a JSON object with a `query`.")
    for name, (kind, type_name) in _PARAMETERS.items():
        if request.get(name) is not None and not isinstance(request[name], kind):
            raise _bad(f"`{name}` has to be {type_name}.")
    if not request.get("query"):
        if _names_persisted_query(request):
            raise RefusedError(400, PERSISTED_QUERY_NOT_FOUND, _NOT_PERSISTED)
        raise _bad("The request has no `query`.")
    return GraphQLRequestData(
        query=request["query"],
        variables=request.get("variables"),
        operation_name=request.get("operationName") or None,
        extensions=request.get("extensions"),
        protocol=protocol,
    )


def wrong_kind(kind: OperationType) -> GraphQLError:
    """Return the refusal of an operation of a kind that this transport does not carry."""
    if kind is OperationType.SUBSCRIPTION:
        message = "Follow this over a WebSocket, or with `Accept: text/event-stream`."
        return GraphQLError(message, extensions={"code": WRONG_TRANSPORT})
    message = "GET changes nothing. Send this as a POST."
    return GraphQLError(message, extensions={"code": WRONG_METHOD})


def _names_persisted_query(request: dict[str, Any]) -> bool:
    """Tell whether a request has the hash of a persisted operation instead of its text."""
    extensions = request.get("extensions")
    return isinstance(extensions, dict) and isinstance(extensions.get("persistedQuery"), dict)


def _bad(message: str) -> RefusedError:
    return RefusedError(400, "BAD_REQUEST", message)
