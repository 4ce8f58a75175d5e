"""GraphQL over HTTP without the network: what is sent, and what an answer means."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

from countersign.connection.unexpected_answers import (
    CHECK_URL,
    seconds_to_wait,
    unexpected_answer,
)
from countersign.errors import (
    ClientError,
    NotSignedInError,
    RefusedError,
    TransientError,
    UnresolvedNameError,
)
from countersign.operations.operation import Operation

PATH = "/graphql"
#: Codes of errors that may be gone when the operation is sent again, with whether the server
#: certainly did nothing.
_TRANSIENT = {
    "RATE_LIMITED": True,
    "OVERLOADED": True,
    "ENDING": True,
    "TIMED_OUT": False,
    "SIGNER_FAILED": True,
}
#: How h11 begins to say that an answer is no HTTP at all.
_NO_HTTP = ("illegal ", "no request line", "no response line")


def headers_of(secret: str) -> dict[str, str]:
    """Return the headers of a request."""
    return {
        "Authorization": f"Bearer {secret}",
        "Accept": "application/graphql-response+json, application/json;q=0.9",
    }


def body_of(operation: Operation, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a request."""
    return {"query": operation.text, "variables": dict(variables)}


def data_of(response: httpx2.Response) -> dict[str, Any]:
    """Return the data of an answer.

    Raises:
        ClientError: The answer has none, or has an error beside it.
    """
    try:
        answer = response.json()
    except (ValueError, RecursionError) as error:
        raise unexpected_answer(response) from error
    if not _is_graphql(answer):
        raise unexpected_answer(response)
    return data_in(answer, seconds_to_wait(response))


def _is_graphql(answer: object) -> bool:
    """Tell whether an answer has GraphQL's own form: data, errors with members, or both."""
    if not isinstance(answer, dict):
        return False
    errors = answer.get("errors")
    if not errors:
        return isinstance(answer.get("data"), dict)
    return isinstance(errors, list) and all(
        isinstance(error, dict) and isinstance(error.get("extensions") or {}, dict)
        for error in errors
    )


def data_in(answer: Mapping[str, Any], retry_after_seconds: float | None = None) -> dict[str, Any]:
    """Return the data of an answer in GraphQL's own form.

    Raises:
        ClientError: It has an error.
    """
    if answer.get("errors"):
        raise _error_of(answer["errors"][0], retry_after_seconds)
    return dict(answer["data"])


def payload_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload of a mutation.

    Raises:
        RefusedError: The server refused; nothing has changed.
        TransientError: It refused for now.
    """
    (payload,) = data.values()
    if payload.get("errors"):
        raise refusal_of(payload["errors"])
    return dict(payload)


def refusal_of(errors: list[dict[str, Any]]) -> ClientError:
    """Return the refusal that a payload's errors are."""
    first = errors[0]
    message = " ".join(dict.fromkeys(error["message"] for error in errors))
    if first["code"] in _TRANSIENT:
        return TransientError(first["code"], message, did_nothing=_TRANSIENT[first["code"]])
    if first["code"] == "UNAUTHENTICATED":
        return NotSignedInError(message)
    return RefusedError(first["code"], message, first.get("field") or ())


def unreachable(server: str, error: httpx2.TransportError) -> ClientError:
    """Return what a failure of the network means: a `TransientError` only if it may pass."""
    reason = (str(error) or type(error).__name__).rstrip(".")
    message = f"{server} cannot be reached: {reason}."
    if _is_lasting(error):
        return ClientError("UNREACHABLE", f"{message} {CHECK_URL}")
    did_nothing = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
    message = f"{message} Check the network. {CHECK_URL}"
    kind = UnresolvedNameError if _is_unresolved(error) else TransientError
    return kind("UNREACHABLE", message, did_nothing=did_nothing)


def _is_unresolved(error: httpx2.TransportError) -> bool:
    return any(isinstance(cause, socket.gaierror) for cause in _causes_of(error))


def _is_lasting(error: httpx2.TransportError) -> bool:
    """Whether a failure comes again with the same URL: nothing there speaks HTTP by that scheme.

    A connection that ends within a handshake, or a name service without an answer, may recover.
    """
    if isinstance(error, httpx2.UnsupportedProtocol):
        return True
    if isinstance(error, httpx2.RemoteProtocolError):
        return str(error).startswith(_NO_HTTP)
    return any(map(_is_lasting_cause, _causes_of(error)))


def _is_lasting_cause(cause: BaseException) -> bool:
    if isinstance(cause, socket.gaierror):
        return cause.errno != socket.EAI_AGAIN
    return isinstance(cause, ssl.SSLError) and not isinstance(
        cause, ssl.SSLEOFError | ssl.SSLZeroReturnError
    )


def _causes_of(error: BaseException) -> Iterator[BaseException]:
    cause = error.__cause__ or error.__context__
    if cause is not None:
        yield cause
        yield from _causes_of(cause)


def _error_of(error: Mapping[str, Any], retry_after_seconds: float | None) -> ClientError:
    code = str((error.get("extensions") or {}).get("code", "FAILED"))
    message = str(error.get("message", "The server gave no reason."))
    if code == "UNAUTHENTICATED":
        return NotSignedInError(message)
    if code in _TRANSIENT:
        return TransientError(
            code,
            message,
            did_nothing=_TRANSIENT[code],
            retry_after_seconds=retry_after_seconds,
        )
    return RefusedError(code, message)
