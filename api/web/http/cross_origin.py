"""Pages of other origins that may use the API: those that an operator names, with a token alone."""

from __future__ import annotations

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from api.web.http.origin import origin_of

#: What such a page may send beyond what every page may.
_REQUEST_HEADERS = ("Authorization", "Content-Type")
#: What its script may read beyond what every script may.
_RESPONSE_HEADERS = ("RateLimit", "RateLimit-Policy", "Retry-After")
#: How long a browser need not ask again whether it may send something.
_PREFLIGHT_SECONDS = 600


def origins_of(text: str | None) -> frozenset[str]:
    """Return the origins of a list that is separated by commas, each as browsers write it.

    Raises:
        ValueError: One of them is none, or has more than scheme, host and port.
    """
    origins = frozenset(filter(None, map(str.strip, (text or "").split(","))))
    for origin in origins:
        if "*" in origin or origin != origin_of(origin):
            raise ValueError(f"{origin!r} is not an origin as browsers write it")
    return origins


def shared_with(app: ASGIApp, origins: Collection[str]) -> ASGIApp:
    """Return an application that tells browsers which pages may read its answers.

    Browsers are not told that credentials may be sent, so that no cookie comes along. Others than
    browsers are let through: the application itself refuses pages of other origins.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=sorted(origins),
        allow_methods=("GET", "POST"),
        allow_headers=_REQUEST_HEADERS,
        allow_credentials=False,
        expose_headers=_RESPONSE_HEADERS,
        max_age=_PREFLIGHT_SECONDS,
    )
