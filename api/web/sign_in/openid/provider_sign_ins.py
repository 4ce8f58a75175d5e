"""Remembers at which provider a browser has signed in, to offer to sign out there as well."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from api.web.http.browser import Browser
from api.web.sign_in.login_flow import PROVIDER_SIGN_IN_COOKIE
from api.web.sign_in.signed_cookie import SignedCookie
from engine.commands.credentials.sessions import LIFETIME

#: Browsers keep no cookie that is longer than 4096 bytes with its name.
_MAX_COOKIE_BYTES = 3900


@dataclass(frozen=True, slots=True)
class ProviderSignIn:
    """A sign-in that a provider has proved."""

    #: The provider's name in settings.
    provider: str
    #: The ID token that proved it; None where it is too long for a cookie.
    id_token: str | None


class ProviderSignIns:
    """Keeps the ID token of the last sign-in in a sealed cookie, as a hint for the provider.

    Only the provider can use it, and nothing here believes it again.
    """

    def __init__(self, browser: Browser, secret: str) -> None:
        self._browser = browser
        self._seal = SignedCookie(secret, "openid-sign-in", int(LIFETIME.total_seconds()))

    def remember(self, response: Response, sign_in: ProviderSignIn) -> None:
        """Store a sign-in in the browser."""
        sealed = self._seal.seal(provider=sign_in.provider, id_token=sign_in.id_token)
        if len(sealed) > _MAX_COOKIE_BYTES:
            sealed = self._seal.seal(provider=sign_in.provider, id_token=None)
        self._browser.give(response, sealed, self._seal.seconds, PROVIDER_SIGN_IN_COOKIE)

    def find(self, request: Request) -> ProviderSignIn | None:
        """Return the sign-in of this browser, if a provider has proved it."""
        values = self._seal.open(self._browser.read(request, PROVIDER_SIGN_IN_COOKIE))
        return None if values is None else ProviderSignIn(values["provider"], values["id_token"])
