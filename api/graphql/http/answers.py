"""Responses to GraphQL requests: their media type, status and headers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.responses import Response
from strawberry.http import GraphQLHTTPResponse, process_result

from api.graphql.limits.errors import RATE_LIMITED, TIMED_OUT
from api.graphql.strawberry_compat import ExecutionResult, PreExecutionError
from api.web.http.refusals import (
    PERSISTED_QUERY_NOT_FOUND,
    WRONG_METHOD,
    WRONG_TRANSPORT,
    RefusedError,
)
from engine.model.errors import Code

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
EVENTS = "text/event-stream"

#: HTTP statuses by error code, of operations that did not run. Any other code has 400, or 200 for
#: clients that accept only application/json: those read the errors.
STATUSES = {
    RATE_LIMITED: 429,
    TIMED_OUT: 503,
    WRONG_METHOD: 405,
    WRONG_TRANSPORT: 406,
    "BUG": 500,
    Code.STORAGE_FAILED: 503,
}

#: Responses may hold secrets, so that no cache may store them, and are never HTML.
HEADERS = {"Cache-Control": "no-store", "Vary": "Accept", "X-Content-Type-Options": "nosniff"}


def encode(answer: object) -> bytes:
    """Return a value as JSON in UTF-8."""
    return orjson.dumps(answer)


def media_type(accept: str) -> str:
    """Return GraphQL's own media type for clients that accept it, and else JSON's."""
    qualities = _qualities(accept)
    is_accepted, is_preferred = qualities[GRAPHQL] > 0, qualities[GRAPHQL] >= qualities[JSON]
    return GRAPHQL if is_accepted and is_preferred else JSON


def prefers_events(accept: str) -> bool:
    """Tell whether a client prefers a stream of events to a JSON answer."""
    qualities = _qualities(accept)
    return qualities[EVENTS] > max(qualities[JSON], qualities[GRAPHQL])


def response_of(result: ExecutionResult) -> GraphQLHTTPResponse:
    """Return the response; an operation that was not run has no `data`."""
    response = process_result(result)
    if not result.errors:
        return response
    if result.data is None and _was_not_run(result):
        del response["data"]
    elif failed := _storage_errors(result):
        # Nothing came of it, and nothing that the caller changes would help.
        del response["data"]
        response["errors"] = [error.formatted for error in failed]
    return response


def _was_not_run(result: ExecutionResult) -> bool:
    # What goes wrong while it runs has a place in the answer: a path.
    return isinstance(result, PreExecutionError) or not any(e.path for e in result.errors or ())


def _storage_errors(result: ExecutionResult) -> list[GraphQLError]:
    """What the database could not store, if the operation has no other result."""
    if any(value is not None for value in (result.data or {}).values()):
        return []
    errors = result.errors or []
    return [error for error in errors if _code_of(error) == Code.STORAGE_FAILED]


def _code_of(error: GraphQLError) -> object:
    return (error.extensions or {}).get("code")


def answer(response: Mapping[str, Any], kind: str) -> Response:
    """Return the answer to an operation; it was not run if there is no `data`."""
    status, headers = 200, dict(HEADERS)
    if "data" not in response:
        extensions = response["errors"][0].get("extensions", {})
        status = STATUSES.get(extensions.get("code"), 400 if kind == GRAPHQL else 200)
        if status == 405:
            headers["Allow"] = "POST"
        if "retryAfter" in extensions:
            headers["Retry-After"] = str(int(extensions["retryAfter"]) + 1)
    return Response(encode(response), status, headers, f"{kind}; charset=utf-8")


def refusal(refused: RefusedError, kind: str) -> Response:
    """Return the answer to a request that holds no operation."""
    content, headers = encode({"errors": [refused.formatted]}), HEADERS | refused.headers
    # Clients of persisted queries look for this error in a JSON response with status 200.
    is_expected = refused.extensions["code"] == PERSISTED_QUERY_NOT_FOUND and kind == JSON
    status = 200 if is_expected else refused.status_code
    return Response(content, status, headers, f"{kind}; charset=utf-8")


@lru_cache(64)
def _qualities(accept: str) -> Mapping[str, float]:
    qualities = {JSON: 0.0, GRAPHQL: 0.0, EVENTS: 0.0}
    for part in accept.lower().split(","):
        name, *options = (text.strip() for text in part.split(";"))
        if name in qualities:
            qualities[name] = _quality(options)
    return qualities


def _quality(options: list[str]) -> float:
    for option in options:
        if option.startswith("q="):
            try:
                return float(option[2:])
            except ValueError:
                return 0.0
    return 1.0
