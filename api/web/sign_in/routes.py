"""The routes of the sign-in pages, and the checks before each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

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
from api.web.sign_in.openid.configured import OpenId
from api.web.sign_in.openid.sign_out import ProviderSignOut
from api.web.sign_in.sessions import Sessions
from engine.model.errors import Code, Refusal
from notifications.links.keys import ACTION_LINKS, derive
from notifications.links.sign_in_links import PATH, PURPOSE
from notifications.outbox.address_mails import PATH as ADDRESS_PATH

Handler = Callable[[Request], Awaitable[Response]]
#: The error page, and the HTTP status, where the service itself is at fault.
_REFUSED = {Code.OVERLOADED: ("busy", 503), Code.STORAGE_FAILED: ("storage", 503)}
LOOK, POST, BOTH = ["GET", "HEAD"], ["POST"], ["GET", "HEAD", "POST"]


def sign_in_routes(
    runtime: Runtime,
    browser: Browser,
    secret: str,
    *,
    openid: Sequence[OpenId] = (),
    limits: SignInLimits | None = None,
) -> list[BaseRoute]:
    """Return the routes of all sign-in pages, to be put at the root of the application.

    Args:
        runtime: The engine.
        browser: The cookies of the public URL.
        secret: What all keys for cookies, links and codes are derived from.
        openid: The providers of OpenID Connect, in the order of their buttons.
        limits: How often a client may try; the usual limits without.
    """
    providers = {provider.name: provider for provider in openid}
    sessions = Sessions(runtime, browser, ProviderSignOut(browser, secret, providers))
    login_flow = LoginFlow(runtime, browser, secret)
    keys, limits = (secret, derive(secret, PURPOSE)), limits or SignInLimits()
    mail = MailSignIn(runtime, browser, login_flow, keys, limits, openid=openid)
    guard = _Guard(browser)
    link_key = derive(secret, ACTION_LINKS)
    address_page = AddressChangePage(runtime, browser, limits, link_key)
    device_page = DevicePage(runtime, browser, limits, derive(secret, USER_CODES))
    openid_pages: list[BaseRoute] = []
    if providers:
        # Its libraries are large, and many installations sign in by mail alone.
        from api.web.sign_in.openid.routes import openid_routes

        parts = runtime, browser, secret, providers, login_flow, limits
        openid_pages = openid_routes(*parts, guard)
    return [
        Route(PATH, guard(_start_page(runtime, sessions, mail)), methods=LOOK),
        Route(PATH, guard(mail.ask), methods=POST),
        Route(f"{PATH}/code", guard(mail.code), methods=BOTH),
        Route(f"{PATH}/account", guard(login_flow.choose), methods=BOTH),
        Route(f"{PATH}/end", guard(sessions.end), methods=POST),
        Route("/sign-out", guard(sessions.end), methods=POST),
        *openid_pages,
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
