"""The page of one's own sessions, where each can be ended."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from api.runtime.credentials import session_of
from api.runtime.runtime import Runtime
from api.web.http.browser import Browser
from api.web.pages import go, page
from api.web.sign_in.forms import fields_of
from api.web.sign_in.login_flow import (
    IDENTITY_TO_LINK_COOKIE,
    MAIL_SIGN_IN_COOKIE,
    PROOF_COOKIE,
    PROVIDER_SIGN_IN_COOKIE,
)
from api.web.sign_in.openid.sign_out import ProviderSignOut
from api.web.sign_in.user_agents import name_of
from engine.commands.credentials.sessions import RevokeSession
from engine.model.principal import Principal
from engine.persistence.store import tables as t
from engine.queries.credentials import live_sessions

_LEFT_BEHIND = (
    IDENTITY_TO_LINK_COOKIE,
    PROOF_COOKIE,
    MAIL_SIGN_IN_COOKIE,
    PROVIDER_SIGN_IN_COOKIE,
)


class Sessions:
    """Handles the page of one's own sessions."""

    def __init__(
        self, runtime: Runtime, browser: Browser, provider_sign_out: ProviderSignOut
    ) -> None:
        self._runtime = runtime
        self._browser = browser
        self._provider_sign_out = provider_sign_out

    async def show(self, request: Request, principal: Principal) -> Response:
        """Return the page with all of one's sessions, the present one marked."""
        values = await self._runtime.read_as_system(partial(_values, principal))
        return page(request, "sessions", self._browser.root, current=principal.session_id, **values)

    async def end(self, request: Request) -> Response:
        """End one of one's own sessions; without an id, the present one."""
        named = (await fields_of(request)).get("session", "")
        principal = await session_of(self._runtime, request)
        response = go(f"{self._browser.root}/sign-in")
        if principal is None or principal.session_id is None:
            self._browser.take(response)
            return response
        session_id = _uuid(named) or principal.session_id
        await self._runtime.execute(principal, RevokeSession(session_id=session_id))
        return await self._signed_out(request) if session_id == principal.session_id else response

    async def _signed_out(self, request: Request) -> Response:
        """Return what follows after the present session: sign-in, or first the provider.

        The provider is a link and no redirect: other applications may be signed in with it, too,
        and browsers follow no redirect of a form to where the page may send none (form-action).
        """
        provider = await self._provider_sign_out.find(request)
        response = go(f"{self._browser.root}/sign-in")
        if provider is not None:
            response = page(request, "signed_out", self._browser.root, provider=provider)
        self._browser.take(response)
        # An identity or a proof that still waits is not for whoever signs in here next.
        for waiting in _LEFT_BEHIND:
            self._browser.take(response, waiting)
        # What other tabs and the browser's own back button could still show.
        response.headers["Clear-Site-Data"] = '"cache"'
        return response


def person_shown(connection: Connection, principal: Principal) -> dict[str, Any]:
    """Return who is signed in, as pages show it."""
    u, a = t.users, t.accounts
    query = sa.select(u.c.name, u.c.email, u.c.time_zone, a.c.name.label("account"))
    query = query.join(a, a.c.id == u.c.account_id).where(u.c.id == principal.user_id)
    user = connection.execute(query).one()
    return {"user": user, "account": user.account, "zone": user.time_zone}


def _values(principal: Principal, connection: Connection, now: datetime) -> dict[str, Any]:
    """Return what the page of one's sessions shows."""
    sessions = live_sessions(connection, principal, now)
    return {**person_shown(connection, principal), "sessions": sessions, "name_of": name_of}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
