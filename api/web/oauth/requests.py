"""What the endpoints of OAuth 2.0 share: their rates, their parameters, and their errors."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.web.http.bodies import form_of
from api.web.http.clients import client_of
from api.web.http.rate_limit import TokenBuckets
from api.web.oauth.answers import OAuthError, failure
from engine.model.errors import Code, Refusal

#: Bytes of a request; the longest parameter is a signed token.
MAX_BODY_BYTES = 64 * 1024
MAX_PARAMETERS = 20
_FORM = "application/x-www-form-urlencoded"
_UNAVAILABLE = frozenset({Code.OVERLOADED, Code.STORAGE_FAILED})


async def answer_errors(answering: Awaitable[Response]) -> Response:
    """Return the answer, or the error that it ends in, as JSON that no cache keeps."""
    try:
        return await answering
    except OAuthError as error:
        return failure(error)
    except HTTPException as error:
        message = "The request is too large, too slow or cut off. Send a smaller one, all of it."
        return failure(OAuthError("invalid_request", message, status=error.status_code))
    except Refusal as refusal:
        if refusal.code not in _UNAVAILABLE:
            raise
        return failure(OAuthError("temporarily_unavailable", refusal.message, status=503))


def admit(limit: TokenBuckets, request: Request) -> None:
    """Refuse a request of a client that sends too many."""
    wait = limit.wait(client_of(request))
    if wait > 0:
        message = "Too many requests came from this address. Try again later."
        headers = {"Retry-After": str(math.ceil(wait))}
        raise OAuthError("slow_down", message, status=429, headers=headers)


async def parameters_of(request: Request) -> dict[str, str]:
    """Return the parameters of a form; one without a value counts as left out.

    Raises:
        OAuthError: It is no form, or has a parameter twice.
        HTTPException: It is too large, or arrives too slowly.
    """
    body = await form_of(request, MAX_BODY_BYTES)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != _FORM:
        raise OAuthError("invalid_request", f"Send the parameters as {_FORM}.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError as error:
        message = f"The body is no form of at most {MAX_PARAMETERS} parameters. Correct it."
        raise OAuthError("invalid_request", message) from error
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise OAuthError("invalid_request", "A parameter is there twice. Send each one once.")
    return {name: value for name, value in pairs if value}
