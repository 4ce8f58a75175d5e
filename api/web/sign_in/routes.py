"""The routes of the sign-in pages, and the checks before each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.runtime.credentials import session_of
from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.pages import error_page
from api.web.sign_in.address_change import AddressChangePage
from api.web.sign_in.device_page import PATH as DEVICE_PATH
from api.web.sign_in.device_page import USER_CODES, DevicePage
from api.web.sign_in.limits import SignInLimits
from api.web.sign_in.login_flow import LoginFlow
from api.web.sign_in.mail import MailSignIn, invited
from api.web.sign_in.sessions import Sessions
from engine.model.errors import Code, Refusal
from notifications.links.keys import ACTION_LINKS, derive
from notifications.links.sign_in_links import PATH, PURPOSE
from notifications.outbox.address_mails import PATH as ADDRESS_PATH

if TYPE_CHECKING:
    from api.web.sign_in.openid.flow import OpenIdSignIn
    from api.web.sign_in.openid.provider import Provider

Handler = Callable[[Request], Awaitable[Response]]
#: The error page, and the HTTP status, where the service itself is at fault.
_REFUSED = {Code.OVERLOADED: ("busy", 503), Code.STORAGE_FAILED: ("storage", 503)}
LOOK, POST, BOTH = ["GET", "HEAD"], ["POST"], ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenId:
    """How to sign in by OpenID Connect, where that is set up."""

    provider: Provider
    #: What the button calls it.
    name: str
    #: The one account it is for; all of them without.
    account: str | None = None


def sign_in_routes(
    runtime: Runtime,
    browser: Browser,
    secret: str,
    *,
    openid: OpenId | None = None,
    limits: SignInLimits | None = None,
) -> list[BaseRoute]:
    """Return the routes of all sign-in pages, to be put at the root of the application."""
    login_flow, sessions = LoginFlow(runtime, browser, secret), Sessions(runtime, browser)
    keys, limits = (secret, derive(secret, PURPOSE)), limits or SignInLimits()
    name = openid.name if openid is not None else None
    mail = MailSignIn(runtime, browser, login_flow, keys, limits, openid=name)
    guard = _Guard(browser)
    link_key = derive(secret, ACTION_LINKS)
    address_page = AddressChangePage(runtime, browser, limits, link_key)
    device_page = DevicePage(runtime, browser, limits, derive(secret, USER_CODES))
    openid_routes: list[BaseRoute] = []
    if openid is not None:
        # Its libraries are large, and many installations sign in by mail alone.
        from api.web.sign_in.openid.flow import PATH as OPENID
        from api.web.sign_in.openid.flow import OpenIdSignIn

        provider, account = openid.provider, openid.account
        pages = OpenIdSignIn(
            runtime, browser, login_flow, provider, secret, limits, account=account
        )
        openid_routes = _openid_routes(OPENID, pages, guard)
    return [
        Route(PATH, guard(_start_page(runtime, sessions, mail)), methods=LOOK),
        Route(PATH, guard(mail.ask), methods=POST),
        Route(f"{PATH}/code", guard(mail.code), methods=BOTH),
        Route(f"{PATH}/account", guard(login_flow.choose), methods=BOTH),
        Route(f"{PATH}/end", guard(sessions.end), methods=POST),
        Route("/sign-out", guard(sessions.end), methods=POST),
        *openid_routes,
        Route(DEVICE_PATH, guard(device_page.answer), methods=BOTH),
        Route(f"{ADDRESS_PATH}/{{spelling}}", guard(address_page.answer), methods=BOTH),
        Route(f"{PATH}/{{spelling}}", guard(mail.link), methods=BOTH),
    ]


def _start_page(runtime: Runtime, sessions: Sessions, mail: MailSignIn) -> Handler:
    async def start(request: Request) -> Response:
        # An invitation is opened to sign in as whom it names, whoever is signed in here.
        principal = None if invited(request) else await session_of(runtime, request)
        return await sessions.show(request, principal) if principal else mail.form(request)

    return start


def _openid_routes(path: str, pages: OpenIdSignIn, guard: _Guard) -> list[BaseRoute]:
    return [
        Route(path, guard(pages.leave), methods=LOOK),
        Route(f"{path}/callback", guard(pages.arrive), methods=LOOK),
        Route(f"{path}/link", guard(pages.link), methods=BOTH),
    ]


class _Guard:
    """Refuses changes that another site asks for, and shows every refusal on a page."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def __call__(self, handler: Handler) -> Handler:
        """Return a handler that checks the request before it calls this one."""

        async def guarded(request: Request) -> Response:
            if not self._browser.may_act(request):
                return self._error_page(request, "foreign", 403)
            try:
                return await handler(request)
            except HTTPException as error:
                return self._error_page(request, "malformed", error.status_code)
            except Refusal as refusal:
                return self._error_page(request, *_REFUSED.get(refusal.code, ("nobody", 403)))

        return guarded

    def _error_page(self, request: Request, what: str, status: int) -> Response:
        return error_page(request, what, self._browser.root, status)
