"""Responses to requests without a path, and with one that does not exist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.web.http.headers import wants_page
from api.web.pages import error_page, go

Answer = Callable[[Request], Awaitable[Response]]
_NOTHING = "There is nothing at this path. The API is at {root}/graphql.\n"


def to_sign_in(root: str) -> Answer:
    """Redirect to the sign-in page, the only one that people open by themselves."""

    async def answer(_request: Request) -> Response:
        return go(f"{root}/sign-in")

    return answer


def nothing_here(root: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return 404 as a page for people, or as a sentence for programs."""

    async def answer(request: Request, _error: Exception) -> Response:
        if wants_page(request.headers):
            return error_page(request, "unknown", root, 404)
        return PlainTextResponse(_NOTHING.format(root=root), 404)

    return answer
