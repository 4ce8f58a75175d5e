"""The routes of SCIM."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.runtime.runtime import Runtime

if TYPE_CHECKING:
    from api.web.scim.endpoint import ScimEndpoint

PATH = "/scim/v2"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def scim_routes(runtime: Runtime, public_url: str) -> list[BaseRoute]:
    """Return the routes of SCIM, to be put at the root of the application."""

    @cache
    def endpoint() -> ScimEndpoint:
        # Its library is large, and many installations manage their people by themselves.
        from api.web.scim.endpoint import ScimEndpoint

        return ScimEndpoint(runtime, f"{public_url.rstrip('/')}{PATH}")

    async def answer(request: Request) -> Response:
        return await endpoint().answer(request)

    return [
        Route(PATH, answer, methods=_METHODS),
        Route(f"{PATH}/{{path:path}}", answer, methods=_METHODS),
    ]
