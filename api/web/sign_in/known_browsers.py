"""Recognises browsers in which somebody signed in before, to count their requests apart."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.web.http.browser import Browser
from api.web.sign_in.signed_cookie import SignedCookie

_COOKIE = "known"
#: Browsers keep a cookie no longer.
_LIFETIME_SECONDS = 400 * 24 * 3600
#: Addresses remembered of one browser, the newest first.
_MOST_ADDRESSES = 5


class KnownBrowsers:
    """Remembers in a signed cookie which addresses signed in with a browser.

    The cookie proves nothing but that: it only gives the browser limits of its own.
    """

    def __init__(self, browser: Browser, secret: str) -> None:
        self._browser = browser
        self._seal = SignedCookie(secret, "known-browser", _LIFETIME_SECONDS)

    def remember(self, request: Request, response: Response, address: str) -> None:
        """Remember that the owner of a mailbox signed in with this browser."""
        known = self._read(request)
        others = [
            known_address
            for known_address in known["addresses"]
            if known_address != address.casefold()
        ]
        addresses = [address.casefold(), *others][:_MOST_ADDRESSES]
        sealed = self._seal.seal(id=known["id"], addresses=addresses)
        self._browser.give(response, sealed, _LIFETIME_SECONDS, _COOKIE)

    def id_for(self, request: Request, address: str) -> str | None:
        """Return the browser's id, if the owner of a mailbox signed in with it before."""
        known = self._read(request)
        return known["id"] if address.casefold() in known["addresses"] else None

    def _read(self, request: Request) -> dict[str, Any]:
        known = self._seal.open(self._browser.read(request, _COOKIE))
        return known or {"id": secrets.token_urlsafe(16), "addresses": []}
