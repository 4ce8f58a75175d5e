"""The routes of the dashboard, and its page for every path that is nobody else's."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from api.web.dashboard.built_files import BuiltDashboard
from api.web.http.headers import content_policy, wants_page
from api.web.http.paths import path_below_mount
from api.web.not_found import nothing_here, to_sign_in

Page = Callable[[Request], Awaitable[Response]]
NotFound = Callable[[Request, Exception], Awaitable[Response]]
#: The name of an asset has a hash of its content in it.
_FOR_EVER = "public, max-age=31536000, immutable"
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Routed:
    """The routes of the application, and what answers where there is none."""

    routes: list[BaseRoute]
    not_found: NotFound


def with_dashboard(routes: Sequence[BaseRoute], built: BuiltDashboard | None, root: str) -> Routed:
    """Add the dashboard to the routes of the service.

    Args:
        routes: Of everything else. What begins as one of them is none of the dashboard's.
        built: What the build wrote; without it people come to the sign-in page.
        root: The path below which the service is.
    """
    if built is None:
        return Routed([Route("/", to_sign_in(root)), *routes], nothing_here(root))
    page = _page(built, root)
    own = [Route("/", page), Route("/assets/{name}", _asset(built))]
    reserved = {_first_segment(route.path) for route in routes if isinstance(route, _WITH_PATH)}
    return Routed(
        [*own, *routes], _page_or(page, nothing_here(root), frozenset(reserved | {"assets"}))
    )


def _page(built: BuiltDashboard, root: str) -> Page:
    """Return the handler that answers with the page; its script shows what the path is for."""

    async def page(_request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = {
            "script-src": "'self'",
            "style-src": f"'self' 'nonce-{nonce}'",
            "img-src": "'self' data:",
            "connect-src": "'self'",
            "base-uri": "'self'",
            "form-action": "'self'",
        }
        headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": content_policy(policy),
            "X-Robots-Tag": "noindex, nofollow",
        }
        return HTMLResponse(built.page_for(root, nonce), headers=headers)

    return page


def _asset(built: BuiltDashboard) -> Page:
    """Return the handler of scripts, style sheets and pictures."""

    async def asset(request: Request) -> Response:
        requested = built.assets.get(request.path_params["name"])
        if requested is None:
            raise HTTPException(404)
        encoding, path = requested.best(request.headers.get("accept-encoding", ""))
        headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
        if encoding:
            headers["Content-Encoding"] = encoding
        return FileResponse(path, headers=headers, media_type=requested.media_type)

    return asset


def _page_or(page: Page, otherwise: NotFound, reserved: frozenset[str]) -> NotFound:
    """Return what answers where no route does: the page, where a browser opens a path of its."""

    async def answer(request: Request, error: Exception) -> Response:
        is_opened = request.method in _READING and wants_page(request.headers)
        if is_opened and _first_segment(path_below_mount(request.scope)) not in reserved:
            return await page(request)
        return await otherwise(request, error)

    return answer


_WITH_PATH = (Route, WebSocketRoute, Mount)


def _first_segment(path: str) -> str:
    return path.strip("/").partition("/")[0]
