"""The page that ties an identity, which nobody here has yet, to the user who is signed in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api.runtime.credentials import names_another, session_of
from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.pages import error_page, go, page
from api.web.sign_in.forms import fields_of
from api.web.sign_in.login_flow import IDENTITY_TO_LINK_COOKIE, LINK_IDENTITY_PATH
from api.web.sign_in.openid.configured import OpenId
from api.web.sign_in.openid.provider import Identity
from api.web.sign_in.sessions import person_shown
from api.web.sign_in.signed_cookie import SignedCookie
from engine.commands.credentials.identities import LinkIdentity
from engine.model.errors import Refusal

#: For how long an identity can be confirmed that is to be linked to a user.
IDENTITY_TO_LINK_SECONDS = 1800


class LinkPage:
    """Keeps an identity that is to be linked, and links it once its user has confirmed it."""

    def __init__(
        self, runtime: Runtime, browser: Browser, secret: str, providers: Mapping[str, OpenId]
    ) -> None:
        self._runtime = runtime
        self._browser = browser
        self._providers = providers
        self._pending = SignedCookie(secret, "openid-pending", IDENTITY_TO_LINK_SECONDS)

    async def ask(
        self, request: Request, provider: str, identity: Identity, begun_at: datetime
    ) -> Response:
        """Ask to confirm an identity: at once if signed in, otherwise after a sign-in by mail."""
        if await session_of(self._runtime, request) is not None:
            response = go(f"{self._browser.root}{LINK_IDENTITY_PATH}")
        else:
            values = {"address": identity.email or "", "issuer": identity.issuer}
            response = page(request, "first", self._browser.root, 200, **values)
        sealed = self._pending.seal(
            **asdict(identity), provider=provider, begun_at=begun_at.isoformat()
        )
        self._browser.give(response, sealed, IDENTITY_TO_LINK_SECONDS, IDENTITY_TO_LINK_COOKIE)
        return response

    async def answer(self, request: Request) -> Response:
        """Link the identity to the user who is signed in, if they confirm it."""
        # Read first: a session that ends while the form arrives ties nothing any more.
        fields = await fields_of(request) if request.method == "POST" else {}
        pending = self._find_pending(request)
        principal = await session_of(self._runtime, request)
        if principal is None:
            response = go(f"{self._browser.root}/sign-in")
            if pending is None:
                self._browser.take(response, IDENTITY_TO_LINK_COOKIE)
            return response
        home = go(self._browser.home)
        self._browser.take(home, IDENTITY_TO_LINK_COOKIE)
        if pending is None:
            return home
        if await names_another(self._runtime, request, principal):
            return error_page(request, "another", self._browser.root, 403)
        values = await self._runtime.read_as_system(
            lambda connection, _now: person_shown(connection, principal)
        )
        values |= {"identity": pending, "mark": _mark(pending)}
        allowed = self._providers[pending["provider"]].is_for(values["account"])
        is_answer = fields.get("identity") == values["mark"]
        # Anything else only asks, or answers about the identity of another tab.
        if not is_answer or (fields.get("answer") == "yes" and not allowed):
            status = 200 if allowed else 403
            return page(request, "identity", self._browser.root, status, allowed=allowed, **values)
        if fields.get("answer") == "yes":
            try:
                await self._runtime.execute(principal, _command(pending))
            except Refusal as refusal:
                values |= {"allowed": False, "notice": refusal.message}
                return page(request, "identity", self._browser.root, 409, **values)
        return home

    def _find_pending(self, request: Request) -> dict[str, Any] | None:
        """Return the identity that waits in this browser, of a provider that is set up."""
        pending = self._pending.open(self._browser.read(request, IDENTITY_TO_LINK_COOKIE))
        # The versions before this one sealed less.
        if pending is None or not pending.keys() >= {"begun_at", "provider"}:
            return None
        return pending if pending["provider"] in self._providers else None


def _command(pending: dict[str, Any]) -> LinkIdentity:
    return LinkIdentity(
        issuer=pending["issuer"],
        subject=pending["subject"],
        begun_at=datetime.fromisoformat(pending["begun_at"]),
    )


def _mark(identity: dict[str, Any]) -> str:
    """Return a short hash that says which identity a form is about."""
    text = f"{identity['issuer']}\n{identity['subject']}"
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
