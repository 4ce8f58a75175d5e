"""The routes of sign-in by OpenID Connect: a path for each provider, and the page to link."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.sign_in.limits import SignInLimits
from api.web.sign_in.login_flow import LINK_IDENTITY_PATH, LoginFlow
from api.web.sign_in.openid.configured import OpenId
from api.web.sign_in.openid.flow import OpenIdSignIn
from api.web.sign_in.openid.link_page import LinkPage

Handler = Callable[[Request], Awaitable[Response]]
_LOOK, _BOTH = ["GET", "HEAD"], ["GET", "HEAD", "POST"]


def openid_routes(
    runtime: Runtime,
    browser: Browser,
    secret: str,
    providers: Mapping[str, OpenId],
    login_flow: LoginFlow,
    limits: SignInLimits,
    guard: Callable[[Handler], Handler],
) -> list[BaseRoute]:
    """Return the routes for these providers, by their names."""
    link_page = LinkPage(runtime, browser, secret, providers)
    routes: list[BaseRoute] = [Route(LINK_IDENTITY_PATH, guard(link_page.answer), methods=_BOTH)]
    for openid in providers.values():
        pages = OpenIdSignIn(runtime, browser, login_flow, openid, secret, limits, link_page)
        routes += [
            Route(openid.path, guard(pages.leave), methods=_LOOK),
            Route(f"{openid.path}/callback", guard(pages.arrive), methods=_LOOK),
        ]
    return routes
