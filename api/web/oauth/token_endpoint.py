"""`POST /oauth/token`: reads a request and hands it to the grant that it names (RFC 6749)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from api.web.http.rate_limit import TokenBuckets
from api.web.oauth.answers import IssuedToken, OAuthError, success
from api.web.oauth.requests import admit, answer_errors, parameters_of

PATH = "/oauth/token"

#: The type of grant by which a pipeline's own token is exchanged (RFC 8693 section 2.1).
TOKEN_EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name
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
        return await answer_errors(self._issue(request))

    async def _issue(self, request: Request) -> Response:
        admit(self._limit, request)
        parameters = await parameters_of(request)
        return success(await self._grant(parameters)(request, parameters))

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
