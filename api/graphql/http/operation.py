"""The operation that a request asks for."""

from __future__ import annotations

from typing import Any

from strawberry.http import GraphQLRequestData, GraphQLRequestProtocol

from api.graphql.limits.errors import LIMIT_EXCEEDED
from api.web.http.refusals import PERSISTED_QUERY_NOT_FOUND, RefusedError

#: The message that such clients look for, where they do not look at the code.
_NOT_PERSISTED = "PersistedQueryNotFound"

#: Parameters, with the type each has if it is there and not null.
_PARAMETERS: dict[str, tuple[type, str]] = {
    "query": (str, "a string"),
    "operationName": (str, "a string"),
    "variables": (dict, "an object"),
    "extensions": (dict, "an object"),
}


def read_operation(told: Any, protocol: GraphQLRequestProtocol) -> GraphQLRequestData:
    """The operation, or a refusal that says which parameter is not what it should be."""
    if isinstance(told, list):
        message = f"One operation for each request, without a list around it; {len(told)} came."
        raise RefusedError(400, LIMIT_EXCEEDED, message, limit="batch", allowed=1, asked=len(told))
    if not isinstance(told, dict):
        raise _bad("A request is a JSON object with a `query`.")
    for name, (kind, wanted) in _PARAMETERS.items():
        if told.get(name) is not None and not isinstance(told[name], kind):
            raise _bad(f"`{name}` has to be {wanted}.")
    if not told.get("query"):
        if _names_persisted_query(told):
            raise RefusedError(400, PERSISTED_QUERY_NOT_FOUND, _NOT_PERSISTED)
        raise _bad("The request has no `query`.")
    return GraphQLRequestData(
        query=told["query"],
        variables=told.get("variables"),
        operation_name=told.get("operationName") or None,
        extensions=told.get("extensions"),
        protocol=protocol,
    )


def _names_persisted_query(told: dict[str, Any]) -> bool:
    """Whether a client sends the hash of an operation, and its text only when it is asked for."""
    extensions = told.get("extensions")
    return isinstance(extensions, dict) and isinstance(extensions.get("persistedQuery"), dict)


def _bad(message: str) -> RefusedError:
    return RefusedError(400, "BAD_REQUEST", message)
