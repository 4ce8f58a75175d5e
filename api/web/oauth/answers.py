"""Answers of the endpoints of OAuth 2.0 (RFC 6749, sections 5.1 and 5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

#: What a cache must not keep (RFC 6749, section 5.1).
_HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token that a grant has issued."""

    access_token: str = field(repr=False)
    lifetime_seconds: int
    #: None: it is not narrowed, and the answer names no scopes.
    scopes: tuple[str, ...] | None
    #: Further members that the grant's own specification asks for.
    members: Mapping[str, str] = field(default_factory=dict)


class OAuthError(Exception):
    """A request that is refused.

    Args:
        error: The code of the grant's specification, such as `invalid_request`.
        description: What is wrong and what to do, in printable ASCII.
        status: The HTTP status.
        code: A finer code of this service, for programs that tell causes apart.
        headers: Further headers.
    """

    def __init__(
        self,
        error: str,
        description: str,
        *,
        status: int = 400,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


def success(token: IssuedToken) -> Response:
    """Return the answer with a token."""
    members = {
        "access_token": token.access_token,
        "token_type": "Bearer",
        "expires_in": token.lifetime_seconds,
    }
    scopes = {} if token.scopes is None else {"scope": " ".join(token.scopes)}
    return uncached({**token.members, **members, **scopes})


def uncached(members: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """Return an answer as JSON that no cache keeps."""
    return JSONResponse(members, status, headers=_HEADERS | headers)


def failure(error: OAuthError) -> Response:
    """Return the answer to a request that is refused."""
    members = {"error": error.error, "error_description": error.description}
    if error.code is not None:
        members["code"] = error.code
    return uncached(members, error.status, **error.headers)
