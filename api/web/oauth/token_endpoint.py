"""`POST /oauth/token`: reads a request and hands it to the grant that it names (RFC 6749)."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.web.http.bodies import form_of
from api.web.http.clients import client_of
from api.web.http.rate_limit import TokenBuckets
from api.web.oauth.answers import IssuedToken, OAuthError, failure, success
from engine.model.errors import Code, Refusal

PATH = "/oauth/token"
#: Bytes of a request; the longest parameter is a signed token.
MAX_BODY_BYTES = 64 * 1024
MAX_PARAMETERS = 20
_FORM = "application/x-www-form-urlencoded"
_UNAVAILABLE = frozenset({Code.OVERLOADED, Code.STORAGE_FAILED})

#: What issues a token by one type of grant: it takes the request and its parameters, and raises
#: `OAuthError` where it refuses.
Grant = Callable[[Request, Mapping[str, str]], Awaitable[IssuedToken]]


class TokenEndpoint:
    """Issues tokens by the grants of a table, at a limited rate for each client."""

    def __init__(self, grants: Mapping[str, Grant], limit: TokenBuckets | None = None) -> None:
        self._grants = grants
        # A hundred jobs of one runner may start at once, all from the same address.
        self._limit = limit or TokenBuckets(rate=5, burst=300)

    async def answer(self, request: Request) -> Response:
        """Return a token or an error, both as JSON that no cache keeps."""
        try:
            self._admit(request)
            parameters = await _parameters(request)
            return success(await self._grant(parameters)(request, parameters))
        except OAuthError as error:
            return failure(error)
        except HTTPException as error:
            message = "The request is too large, or arrives too slowly. Send a smaller one."
            return failure(OAuthError("invalid_request", message, status=error.status_code))
        except Refusal as refusal:
            if refusal.code not in _UNAVAILABLE:
                raise
            return failure(OAuthError("temporarily_unavailable", refusal.message, status=503))

    def _admit(self, request: Request) -> None:
        wait = self._limit.wait(client_of(request))
        if wait > 0:
            message = "Too many requests came from this address. Try again later."
            headers = {"Retry-After": str(math.ceil(wait))}
            raise OAuthError("slow_down", message, status=429, headers=headers)

    def _grant(self, parameters: Mapping[str, str]) -> Grant:
        name = parameters.get("grant_type")
        if name is None:
            raise OAuthError("invalid_request", "The parameter grant_type is missing. Send it.")
        grant = self._grants.get(name)
        if grant is None:
            known = ", ".join(sorted(self._grants)) or "none"
            message = f"This grant_type is not supported. Use one of: {known}."
            raise OAuthError("unsupported_grant_type", message)
        return grant


async def _parameters(request: Request) -> dict[str, str]:
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
